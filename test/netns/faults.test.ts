import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { FailInThread } from '../support/fail-in-thread.js'
import { LONG } from '../support/length.js'
import { startPlugin } from '../support/plugin.js'
import { at, errorsOf, type Point, pointsOf } from '../support/points.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'
import { COMMANDS, endingOf, Trial } from '../support/trial.js'

/** In short every so-manieth system call fails. */
const STEP = LONG ? 2 : 9

/**
 * Has every system call fail that a call makes, with the errors that it can give; or, in short, some
 * of them. Success means done, and one later DEL, without a fault, brings everything home.
 */
describe.concurrent.each(ARTEFACTS)('$artefact, when a system call fails', ({ path }) => {
  it.each(COMMANDS)(
    '$command does what it says, and the device comes home',
    async (disturbed) => {
      let trial = await Trial.of(path)
      const { points, summary } = await trial.pointsOf(disturbed)
      const faults = faultsAt(points, path, disturbed.command)
      const endings = { done: 0, refused: 0, crashed: 0 }
      const losses: string[] = []
      for (const { when, wrapper } of faults) {
        try {
          endings[(await trial.run(disturbed, wrapper, when)).ending]++
        } catch (failure) {
          losses.push((failure as Error).message)
          trial[Symbol.dispose]()
          trial = await Trial.of(path)
          await trial.pointsOf(disturbed)
        }
      }
      trial[Symbol.dispose]()
      const what = `${disturbed.command} with ${faults.length} faults at ${summary}`
      console.log(`${path}, ${what}: ${JSON.stringify(endings)}`)
      expect(losses.join('\n')).toBe('')
      expect(endings.refused).toBeGreaterThan(faults.length / 4)
      // Node ends itself, by a signal, where it cannot write to itself.
      expect(endings.crashed).toBeLessThan(path.endsWith('.cjs') ? faults.length / 2 : 1)
    },
    600_000,
  )

  it('CHECK finds what is missing all the same', async () => {
    using testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    const { document: prevResult } = await startPlugin(testbed, path, 'ADD')
    const options = { configuration: { prevResult } }
    const { points } = pointsOf(testbed, path, 'CHECK', options)
    testbed.inPod('address delete 198.51.100.5/24 dev net1')
    for (const { when, wrapper } of faultsAt(points, path, 'CHECK')) {
      const outcome = await startPlugin(testbed, path, 'CHECK', { ...options, wrapper })
      expect(endingOf(outcome, when), when).not.toBe('done')
    }
  }, 600_000)

  const inTheMove = ['ENOBUFS', 'ENOMEM', 'EIO', 'ENOSPC'].flatMap((error) => [
    { kind: 'sendto', error },
    { kind: 'recvmsg', error },
  ])
  it.each(inTheMove)(
    'in the thread of the move, $kind with $error, the device is home',
    async ({ kind, error }) => {
      using trial = await Trial.of(path)
      using tool = new FailInThread()
      const [add] = COMMANDS
      const when = `${kind} with ${error}`
      const { ending, document } = await trial.run(add, tool.wrapper(kind, error), when)
      expect(ending).toBe('refused')
      expect(document).toMatchObject({ code: 102, msg: expect.stringContaining(`(${error})`) })
    },
  )
})

/**
 * What fails, and what to put before a command for that. Of several errors each is given only where
 * a call changes something, to Node only in ADD, and else one, in turn: what is made of an error is the same code
 * in both artefacts, and Node takes long to start.
 */
function faultsAt(points: Point[], path: string, command: string) {
  return points
    .filter((_, n) => n % STEP === 0)
    .flatMap((point, n) => {
      const errors = errorsOf(point)
      const isQuick = !path.endsWith('.cjs')
      const isEach = LONG && point.changes && (isQuick || command === 'ADD')
      const tried = isEach ? errors : [errors[n % errors.length] ?? '']
      return tried.map((error) => ({
        when: `${error} of ${point.kind} number ${point.nth} ${point.path ?? ''}`,
        wrapper: tampered(...at(point, `error=${error}`)),
      }))
    })
}
