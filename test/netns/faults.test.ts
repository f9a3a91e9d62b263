import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type ObservedState, observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { traceCalls, withFault } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** The system calls with which a call changes anything, or hears of what it changed. */
const KINDS = ['sendto', 'recvmsg', 'setns', 'write', 'fsync', 'rename', 'unlink', 'flock', 'mkdir']
const ERRORS = ['ENOBUFS', 'ENOMEM', 'EIO', 'ENOSPC']

/**
 * Has the nth system call of a kind fail, for every n there is, with every error.
 * ADD must either succeed or leave the device on the host, complete.
 */
describe.each(ARTEFACTS)('$artefact, when a system call fails', ({ path }) => {
  let testbed: Testbed
  let before: ObservedState
  const restore = { configuration: { restoreOnDelete: true } }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1')
    before = observeHost(testbed)
  })
  afterEach(() => testbed[Symbol.dispose]())

  const records = () => {
    const directory = `${testbed.stateDirectory}/attachments`
    return existsSync(directory) ? readdirSync(directory) : []
  }

  function countCalls(kind: string): number {
    const { calls } = traceCalls(testbed, path, 'ADD', kind)
    expect(callPlugin(testbed, path, 'DEL', restore).exitCode).toBe(0)
    return calls.length
  }

  /** @returns how the call ended */
  function addWithFault(kind: string, nth: number, error: string): 'added' | 'refused' | 'crashed' {
    const when = `${kind} number ${nth}: ${error}`
    const { exitCode, stdout, document } = callPlugin(
      testbed,
      path,
      'ADD',
      withFault(kind, nth, error),
    )
    // Node ends itself, by a signal, where it cannot write to itself: at its start and its end.
    const ending = exitCode === 0 ? 'added' : exitCode === 1 ? 'refused' : 'crashed'
    if (ending === 'added')
      expect(testbed.inPod('address show dev net1'), when).toContain('198.51.100.5/24')
    if (ending !== 'refused') {
      const { exitCode: deleted, stdout: why } = callPlugin(testbed, path, 'DEL', restore)
      expect(deleted, `${when}: ${why}`).toBe(0)
    }
    // Nothing can be said where it is stdout that fails.
    const answer = ending === 'refused' && stdout !== '' ? document : { code: 0 }
    expect(answer, when).toMatchObject({ code: expect.any(Number) })
    expect(records(), `${when}: ${stdout}`).toEqual([])
    expect(observeHost(testbed), `${when}: ${stdout}`).toEqual(before)
    return ending
  }

  it.each(ERRORS)(
    'with %s, ADD succeeds or the device is home',
    (error) => {
      const outcomes = { added: 0, refused: 0, crashed: 0 }
      for (const kind of KINDS)
        for (let nth = countCalls(kind); nth > 0; nth--) outcomes[addWithFault(kind, nth, error)]++
      console.log(`${path}, ADD with ${error}: ${JSON.stringify(outcomes)}`)
      expect(outcomes.refused).toBeGreaterThan(20)
      expect(outcomes.crashed).toBeLessThan(5)
    },
    300_000,
  )
})
