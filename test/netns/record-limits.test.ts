import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const MEBIBYTE = 1 << 20
const OF_ANOTHER = 'container-9:net0.json'

describe.each(BOTH_ARTEFACTS)('the bounds of a record: $artefact', ({ path }) => {
  let testbed: Testbed
  let before: string

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    before = testbed.hostState()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([65, 256, 5000])('one of %i MiB is set aside unread, and blocks nobody', (mebibytes) => {
    const directory = `${testbed.stateDirectory}/attachments`
    mkdirSync(directory, { mode: 0o700, recursive: true })
    writeFileSync(`${directory}/${OF_ANOTHER}`, '', { mode: 0o600 })
    truncateSync(`${directory}/${OF_ANOTHER}`, mebibytes * MEBIBYTE)
    const started = performance.now()
    const { exitCode, stderr } = callPlugin(testbed, path, 'ADD')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining(`it is now ${directory}/${OF_ANOTHER}.set-aside`),
    })
    expect(performance.now() - started).toBeLessThan(3000)
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.filesIn('attachments')).toEqual([`${OF_ANOTHER}.set-aside`])
    expect(testbed.hostState()).toBe(before)
  })
})
