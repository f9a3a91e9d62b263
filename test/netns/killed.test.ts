import { existsSync, readFileSync } from 'node:fs'
import { kill } from 'node:process'
import { describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { LONG } from '../support/length.js'
import { startPlugin } from '../support/plugin.js'
import { at, type Point } from '../support/points.js'
import { COMMANDS, Trial } from '../support/trial.js'

/**
 * Of the points, every so-manieth is tried; of those where nothing changes fewer with Node, which
 * takes long to start.
 */
const STEP = LONG ? 2 : 18
const STEP_OF_READING_NODE = LONG ? 6 : 18
/** After how many milliseconds more ADD is killed, next time. */
const MILLISECONDS = LONG ? 2 : 20

/**
 * Kills the plugin at every system call that it makes. Each time one DEL must bring the device home,
 * with all it had, and leave no record.
 */
describe.concurrent.each(ARTEFACTS)('$artefact, killed anywhere during', ({ path }) => {
  const stepAt = ({ changes }: Point) =>
    changes || !path.endsWith('.cjs') ? STEP : STEP_OF_READING_NODE

  it.each(COMMANDS)(
    '$command, the device comes home',
    async (disturbed) => {
      using trial = await Trial.of(path)
      const { command } = disturbed
      const file = `${trial.testbed.stateDirectory}/killed`
      const { points, summary } = await trial.pointsOf(disturbed)
      for (const point of points.filter((point, n) => n % stepAt(point) === 0)) {
        const wrapper = ['strace', '-f', '-qq', '-o', file, ...at(point, 'signal=KILL')]
        const when = `${command} killed at ${point.kind} number ${point.nth} ${point.path ?? ''}`
        const { ending } = await trial.run(disturbed, wrapper, when)
        expect(ending, when).toBe('crashed')
        expect(readFileSync(file, 'utf8'), when).toContain('killed by SIGKILL')
      }
      console.log(`${path}: ${command} killed at every ${STEP}. of ${summary}`)
      expect(points.length).toBeGreaterThan(40)
    },
    600_000,
  )

  it.each([
    ['before the kernel is asked', 'sendto', 'eth1', 'net1'],
    ['before its answer is heard', 'recvmsg', 'net1', 'eth1'],
  ])('ADD, in the thread of the move, %s', async (when, kind, isThere, isNot) => {
    using trial = await Trial.of(path)
    const { testbed } = trial
    const file = `${testbed.stateDirectory}/delayed`
    const isRecorded = () =>
      existsSync(`${testbed.stateDirectory}/attachments/container-1:net1.json`)
    const options = ['-f', '-qq', '-o', file, '-e', `trace=${kind}`]
    const wrapper = ['strace', ...options, '-e', `inject=${kind}:delay_enter=3s:when=1`]
    const ended = startPlugin(testbed, path, 'ADD', { wrapper })
    const links = () => testbed.onHost('link') + testbed.inPod('link')
    await vi.waitUntil(() => isRecorded() && links().includes(isThere), { timeout: 20_000 })
    const [process = ''] = readFileSync(file, 'utf8').split(' ')
    kill(Number(process), 'SIGKILL')
    await ended
    expect(links()).toContain(`${isThere}@`)
    expect(links()).not.toContain(`${isNot}@if`)
    await trial.bringHome(when)
  })

  it('ADD, at a moment in time, also while the kernel moves the device', async () => {
    using trial = await Trial.of(path)
    const outcomes = { killed: 0, done: 0 }
    for (let milliseconds = 1; outcomes.done < 3; milliseconds += MILLISECONDS) {
      const wrapper = ['timeout', '-s', 'KILL', `${milliseconds / 1000}`]
      const { exitCode } = await startPlugin(trial.testbed, path, 'ADD', { wrapper })
      outcomes[exitCode === 0 ? 'done' : 'killed']++
      await trial.bringHome(`ADD killed after ${milliseconds} ms`)
    }
    expect(outcomes.killed).toBeGreaterThan(20 / MILLISECONDS)
  }, 300_000)
})
