import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type ObservedState, observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** The system calls with which a call changes anything, or waits for what it changed. */
const KINDS = ['sendto', 'recvmsg', 'setns', 'write', 'fsync', 'rename', 'unlink', 'flock', 'mkdir']

const RESTORE = { configuration: { restoreOnDelete: true } }

/**
 * Kills the plugin at the nth system call of a kind, for every n there is. Each
 * time one DEL must bring the device home, with all it had, and leave no record.
 */
describe.each(ARTEFACTS)('$artefact, killed anywhere during', ({ path }) => {
  let testbed: Testbed
  let before: ObservedState
  beforeEach(() => {
    testbed = new Testbed()
    give()
    before = observeHost(testbed)
  })
  afterEach(() => testbed[Symbol.dispose]())

  function give(): void {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100 proto static')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1')
  }

  function killed(command: string, kind: string, nth: number): boolean {
    const options = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${kind}`]
    const wrapper = ['strace', ...options, '-e', `inject=${kind}:signal=KILL:when=${nth}`]
    return callPlugin(testbed, path, command, { ...RESTORE, wrapper }).exitCode !== 0
  }

  function expectHome(when: string): void {
    const { exitCode, stdout } = callPlugin(testbed, path, 'DEL', RESTORE)
    expect(exitCode, `${when}: ${stdout}`).toBe(0)
    expect(testbed.onHost('link show dev eth1 up'), when).toContain('eth1')
    expect(observeHost(testbed), when).toEqual(before)
    expect(testbed.inPod('link'), when).not.toContain('net1')
    const records = `${testbed.stateDirectory}/attachments`
    expect(existsSync(records) ? readdirSync(records) : [], when).toEqual([])
  }

  it.each(['ADD', 'DEL'])(
    '%s, the device comes home',
    (command) => {
      let points = 0
      for (const kind of KINDS) {
        for (let nth = 1; ; nth++) {
          if (command === 'DEL') expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
          if (!killed(command, kind, nth)) break
          points++
          expectHome(`${command} killed at ${kind} number ${nth}`)
        }
        expectHome(`${command} not killed`)
      }
      console.log(`${path}: ${command} killed at ${points} points`)
      expect(points).toBeGreaterThan(20)
    },
    300_000,
  )

  it('ADD, at a moment in time, also while the kernel moves the device', () => {
    const outcomes = { killed: 0, done: 0 }
    for (let milliseconds = 1; outcomes.done < 3; milliseconds += 2) {
      const wrapper = ['timeout', '-s', 'KILL', `${milliseconds / 1000}`]
      const { exitCode } = callPlugin(testbed, path, 'ADD', { wrapper })
      outcomes[exitCode === 0 ? 'done' : 'killed']++
      expectHome(`ADD killed after ${milliseconds} ms`)
    }
    expect(outcomes.killed).toBeGreaterThan(10)
  }, 300_000)
})
