import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { hooksToCopy } from '../support/gvisor/bundle.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { configurationOf, runInRunc } from '../support/gvisor/runc.js'
import { askFor, startWebServer } from '../support/gvisor/web-page.js'

const ASK = ['198.51.100.1', '2001:db8::1'].map(askFor).join('; ')

describe.each(ARTEFACTS)('$artefact with gVisor configured, and runc in its place:', ({ path }) => {
  let gvisor: GvisorTestbed
  const keepers = () => keepersOf(gvisor.containerId)

  beforeEach(() => {
    gvisor = GvisorTestbed.withMacvlan(path)
    const { testbed } = gvisor
    testbed.inPod('neighbour add 198.51.100.9 lladdr 02:00:5e:00:00:09 dev net1 nud permanent')
    testbed.inPod('rule add from 198.51.100.5 lookup 100 priority 100')
    testbed.inPod('route add default via 198.51.100.1 table 100')
  })
  afterEach(() => gvisor[Symbol.dispose]())

  it('the container finds all as it was, and the keeper ends without a change', async () => {
    const keys = { gvisor: { timeoutSeconds: 3 } }
    const { testbed } = gvisor
    const before = configurationOf(testbed)
    expect(gvisor.call('ADD', keys).exitCode).toBe(0)
    expect(configurationOf(testbed)).toBe(before)
    await using _server = startWebServer(testbed, testbed.cloud)
    expect(await runInRunc(testbed, ASK)).toBe('hellohello')
    await expect.poll(keepers).toHaveLength(1)
    expect(configurationOf(testbed)).toBe(before)
    await expect.poll(keepers).toEqual([])
    expect(configurationOf(testbed)).toBe(before)
    expect(gvisor.call('CHECK', keys).exitCode).toBe(0)
  })

  it('the hook changes nothing', async () => {
    expect(gvisor.call('ADD', { gvisor: { timeoutSeconds: 0 } }).exitCode).toBe(0)
    const { testbed } = gvisor
    const before = configurationOf(testbed)
    const hooksOf = (program: string) => hooksToCopy(program, testbed.stateDirectory)
    await using _server = startWebServer(testbed, testbed.cloud)
    expect(await runInRunc(testbed, ASK, hooksOf(path))).toContain('hellohello')
    expect(configurationOf(testbed)).toBe(before)
    // It was called: one that fails, fails the start.
    await expect(runInRunc(testbed, ASK, hooksOf('/bin/false'))).rejects.toThrow('hook')
  })
})
