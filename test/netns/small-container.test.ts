import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { lendAtOnce } from '../support/lend-at-once.js'
import { callPlugin } from '../support/plugin.js'
import { forget, SmallContainer } from '../support/small-container.js'
import { Testbed } from '../support/testbed.js'

/** It takes a tenth of one. An executable that does not fit into the memory takes minutes. */
const MOST_SECONDS = 10

describe.skipIf(!SmallContainer.isPossible)('in 50 MiB and a tenth of a CPU', () => {
  let testbed: Testbed
  let container: SmallContainer
  let directory: string
  let executable: string

  beforeEach(() => {
    testbed = new Testbed()
    container = new SmallContainer(testbed.pod)
    // Its own, which nobody else runs; not in /tmp, which may be memory.
    directory = mkdtempSync(resolve('build/cold-'))
    executable = `${directory}/host-device-l3`
    copyFileSync(COMPILED, executable)
    forget(executable)
  })
  afterEach(() => {
    container[Symbol.dispose]()
    testbed[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  })

  it('lends a device with an executable that must be read from the disk', () => {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    const start = performance.now()
    const { exitCode, stdout } = callPlugin(testbed, executable, 'ADD', container)
    expect(exitCode, stdout).toBe(0)
    expect((performance.now() - start) / 1000).toBeLessThan(MOST_SECONDS)
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5/24')
  })

  it('lends eight devices at once', async () => {
    const start = performance.now()
    await lendAtOnce(testbed, executable, 8, container.wrapper)
    expect((performance.now() - start) / 1000).toBeLessThan(MOST_SECONDS)
  })

  // They take turns: the kernel would kill some if all used their memory at the same time.
  it('lends more devices at once than its memory is for', { timeout: 120_000 }, async () => {
    using smaller = new SmallContainer(testbed.host, 12)
    await lendAtOnce(testbed, executable, 16, smaller.wrapper)
  })
})
