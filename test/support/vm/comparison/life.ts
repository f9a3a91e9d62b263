import { runSync } from '../../run-sync.js'
import type { Mover } from '../movers/mover.js'
import { DEVICES } from './devices.js'
import type { Fixture } from './fixture.js'
import { KEPT } from './kept.js'
import { lossOf } from './loss.js'
import { type Outcome, outcomeOf, YES } from './outcome.js'
import { has, snapshotOf } from './snapshot.js'
import { hasSysctls, setSysctls } from './sysctls.js'

/** The life of one container with many devices: what they have in it, and after it. */
export function lifeOfContainer(fixture: Fixture, mover: Mover): [string, Outcome][] {
  const { host, pod } = fixture.testbed
  fixture.make(DEVICES)
  setSysctls(fixture.testbed, 'eth-up')
  const before = snapshotOf(host)
  const container = fixture.container(DEVICES)
  const problem = mover.start(container)
  if (problem !== undefined) throw new Error(`${mover.name} does not start: ${problem}`)
  const inside = snapshotOf(pod)
  const sysctls = hasSysctls(fixture.testbed, 'net1')
  const kept = KEPT.map(({ demand, outcome }): [string, Outcome] => [
    demand,
    outcome(inside, sysctls),
  ])

  mover.end(container)
  const home = snapshotOf(host)
  const areHome = DEVICES.every(({ device }) => has(home.devices, { ifname: device }))
  const loss = lossOf('eth-up', before, home, () => snapshotOf(pod))
  fixture.clear()
  return [
    ...kept,
    [
      'after the container its devices are on the host under their names',
      areHome ? YES : 'no: they stay in the namespace',
    ],
    [
      'after the container a device has its addresses and routes again, where that is asked for',
      loss === undefined ? YES : `no: ${loss}`,
    ],
  ]
}

/** The end of a container whose namespace has ended before it. */
export function endWithoutNamespace(fixture: Fixture, mover: Mover): Outcome {
  fixture.make([{ device: 'bare', made: [] }])
  const container = fixture.container([{ device: 'bare', as: 'bare' }])
  const problem = mover.start(container)
  if (problem !== undefined) throw new Error(`${mover.name} does not start: ${problem}`)
  runSync('ip', ['netns', 'delete', fixture.testbed.pod])
  const outcome = outcomeOf({ end: mover.end(container) === undefined })
  runSync('ip', ['netns', 'add', fixture.testbed.pod])
  fixture.clear()
  return outcome
}
