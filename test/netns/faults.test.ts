import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { type ObservedState, observeHost } from '../support/carried-state.js'
import { FailInThread } from '../support/fail-in-thread.js'
import { LONG } from '../support/length.js'
import { startPlugin } from '../support/plugin.js'
import { at, type Point, pointsOf } from '../support/points.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

const ERRORS = ['ENOBUFS', 'ENOMEM', 'EIO', 'ENOSPC'] as const

/** In short every so-manieth system call fails, and that with one of the errors, in turn. */
const STEP = LONG ? 1 : 3
const SWEEPS = LONG ? ERRORS.map((error) => [error]) : [ERRORS]

const RP_FILTER = '/proc/sys/net/ipv4/conf/eth1/rp_filter'

const RESTORE = { configuration: { restoreOnDelete: true } }

/**
 * Has every system call fail with which a call changes something, with every error; or, in
 * short, some of them.
 * ADD must either succeed or leave the device on the host, complete.
 */
describe.concurrent.each(ARTEFACTS)('$artefact, when a system call fails', ({ path }) => {
  it.each(SWEEPS.map((errors) => ({ errors })))(
    'with $errors, ADD succeeds or the device is home',
    async ({ errors }) => {
      using testbed = preparedTestbed()
      const before = observeHost(testbed)
      const { points, summary } = pointsOf(testbed, path, 'ADD')
      expect((await startPlugin(testbed, path, 'DEL', RESTORE)).exitCode).toBe(0)
      const outcomes = { added: 0, refused: 0, crashed: 0 }
      const tried = points.filter((_, n) => n % STEP === 0)
      for (const [n, point] of tried.entries()) {
        const error = errors[n % errors.length] ?? ''
        outcomes[await addWithFault(testbed, path, before, point, error)]++
      }
      const what = `${errors.join(' or ')} at every ${STEP}. of ${summary}`
      console.log(`${path}, ADD with ${what}: ${JSON.stringify(outcomes)}`)
      expect(outcomes.refused).toBeGreaterThan(40 / STEP)
      expect(outcomes.crashed).toBeLessThan(5)
    },
    300_000,
  )

  const inTheMove = ERRORS.flatMap((error) => [
    { kind: 'sendto', error },
    { kind: 'recvmsg', error },
  ])
  it.each(inTheMove)(
    'in the thread of the move, $kind with $error, the device is home',
    async ({ kind, error }) => {
      using testbed = preparedTestbed()
      const before = observeHost(testbed)
      using tool = new FailInThread()
      const options = { wrapper: tool.wrapper(kind, error) }
      const { exitCode, stdout, document } = await startPlugin(testbed, path, 'ADD', options)
      expect(exitCode, stdout).toBe(1)
      expect(document).toMatchObject({ code: 102, msg: expect.stringContaining(`(${error})`) })
      expectHome(testbed, before, stdout)
    },
  )
})

function preparedTestbed(): Testbed {
  const testbed = new Testbed()
  batch(
    testbed.host,
    'address add 198.51.100.5/24 dev eth1',
    'address add 2001:db8::5/64 dev eth1',
    'route add 203.0.113.0/24 via 198.51.100.1 table 100',
    'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
  )
  testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
  return testbed
}

function expectHome(testbed: Testbed, before: ObservedState, when: string): void {
  expect(testbed.filesIn('attachments'), when).toEqual([])
  expect(observeHost(testbed), when).toEqual(before)
  expect(testbed.run(testbed.host, `cat ${RP_FILTER}`).stdout, when).toBe('2')
}

/** @returns how the call ended */
async function addWithFault(
  testbed: Testbed,
  path: string,
  before: ObservedState,
  point: Point,
  error: string,
): Promise<'added' | 'refused' | 'crashed'> {
  const when = `${point.kind} number ${point.nth}: ${error}`
  forget(testbed)
  const wrapper = tampered(...at(point, `error=${error}`))
  const { exitCode, stdout, document } = await startPlugin(testbed, path, 'ADD', { wrapper })
  // Node ends itself, by a signal, where it cannot write to itself: at its start and its end.
  const ending = exitCode === 0 ? 'added' : exitCode === 1 ? 'refused' : 'crashed'
  if (ending === 'added')
    expect(testbed.inPod('address show dev net1'), when).toContain('198.51.100.5/24')
  if (ending !== 'refused') {
    const deleted = await startPlugin(testbed, path, 'DEL', RESTORE)
    expect(deleted.exitCode, `${when}: ${deleted.stdout}`).toBe(0)
  }
  // Nothing can be said where it is stdout that fails.
  const answer = ending === 'refused' && stdout !== '' ? document : { code: 0 }
  expect(answer, when).toMatchObject({ code: expect.any(Number) })
  expectHome(testbed, before, `${when}: ${stdout}`)
  return ending
}

/** The first call of all has directories to make, so every one is to be the first. */
function forget({ stateDirectory }: Testbed): void {
  for (const directory of ['attachments', 'locks'])
    rmSync(`${stateDirectory}/${directory}`, { recursive: true, force: true })
}
