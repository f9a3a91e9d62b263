import { existsSync, readFileSync, rmSync } from 'node:fs'
import { kill } from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type ObservedState, observeHost } from '../support/carried-state.js'
import { LONG } from '../support/length.js'
import { callPlugin, startPlugin } from '../support/plugin.js'
import { at, type Point, pointsOf } from '../support/points.js'
import { Testbed } from '../support/testbed.js'

const RP_FILTER = '/proc/sys/net/ipv4/conf/eth1/rp_filter'

/** Of the points, every so-manieth is tried. */
const STEP = LONG ? 1 : 6
/** After how many milliseconds more ADD is killed, next time. */
const MILLISECONDS = LONG ? 2 : 20

const RESTORE = { configuration: { restoreOnDelete: true } }

/**
 * Kills the plugin at every system call with which it changes something. Each time one
 * DEL must bring the device home, with all it had, and leave no record.
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
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
  }

  /** Every call starts from there: the first one has directories to make. */
  function prepare(command: string): void {
    for (const directory of ['attachments', 'locks'])
      rmSync(`${testbed.stateDirectory}/${directory}`, { recursive: true, force: true })
    if (command === 'DEL') expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
  }

  function killAt(command: string, point: Point): void {
    const file = `${testbed.stateDirectory}/killed`
    const wrapper = ['strace', '-f', '-qq', '-o', file, ...at(point, 'signal=KILL')]
    callPlugin(testbed, path, command, { ...RESTORE, wrapper })
    const when = `${point.kind} number ${point.nth}`
    expect(readFileSync(file, 'utf8'), when).toContain('killed by SIGKILL')
  }

  const isRecorded = () => existsSync(`${testbed.stateDirectory}/attachments/container-1:net1.json`)

  function expectHome(when: string): void {
    const { exitCode, stdout } = callPlugin(testbed, path, 'DEL', RESTORE)
    expect(exitCode, `${when}: ${stdout}`).toBe(0)
    expect(testbed.onHost('link show dev eth1 up'), when).toContain('eth1')
    expect(observeHost(testbed), when).toEqual(before)
    const { stdout: setting } = testbed.run(testbed.host, `cat ${RP_FILTER}`)
    expect(setting, when).toBe('2')
    expect(testbed.inPod('link'), when).not.toContain('net1')
    expect(testbed.filesIn('attachments'), when).toEqual([])
  }

  it.each(['ADD', 'DEL'])(
    '%s, the device comes home',
    (command) => {
      prepare(command)
      const { points, summary } = pointsOf(testbed, path, command, RESTORE)
      expectHome(`${command} not killed`)
      for (const point of points.filter((_, n) => n % STEP === 0)) {
        prepare(command)
        killAt(command, point)
        expectHome(`${command} killed at ${point.kind} number ${point.nth}`)
      }
      console.log(`${path}: ${command} killed at every ${STEP}. of ${summary}`)
      // The executable makes fewer system calls than Node: DEL has 39 of them that change something.
      expect(points.length).toBeGreaterThan(35)
    },
    300_000,
  )

  it.each([
    ['before the kernel is asked', 'sendto', 'eth1', 'net1'],
    ['before its answer is heard', 'recvmsg', 'net1', 'eth1'],
  ])('ADD, in the thread of the move, %s', async (when, kind, isThere, isNot) => {
    const file = `${testbed.stateDirectory}/delayed`
    const options = ['-f', '-qq', '-o', file, '-e', `trace=${kind}`]
    const wrapper = ['strace', ...options, '-e', `inject=${kind}:delay_enter=1s:when=1`]
    const ended = startPlugin(testbed, path, 'ADD', { wrapper })
    const links = () => testbed.onHost('link') + testbed.inPod('link')
    await vi.waitUntil(() => isRecorded() && links().includes(isThere), { timeout: 20_000 })
    const [process = ''] = readFileSync(file, 'utf8').split(' ')
    kill(Number(process), 'SIGKILL')
    await ended
    expect(links()).toContain(`${isThere}@`)
    expect(links()).not.toContain(`${isNot}@if`)
    expectHome(when)
  })

  it('ADD, at a moment in time, also while the kernel moves the device', () => {
    const outcomes = { killed: 0, done: 0 }
    for (let milliseconds = 1; outcomes.done < 3; milliseconds += MILLISECONDS) {
      const wrapper = ['timeout', '-s', 'KILL', `${milliseconds / 1000}`]
      const { exitCode } = callPlugin(testbed, path, 'ADD', { wrapper })
      outcomes[exitCode === 0 ? 'done' : 'killed']++
      expectHome(`ADD killed after ${milliseconds} ms`)
    }
    expect(outcomes.killed).toBeGreaterThan(20 / MILLISECONDS)
  }, 300_000)
})
