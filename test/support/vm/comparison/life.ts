import { execaSync } from 'execa'
import type { Carrier } from '../carriers/carrier.js'
import { type Cell, cellOf, YES } from './cell.js'
import { DEVICES } from './devices.js'
import { KEPT } from './kept.js'
import { lossOf } from './loss.js'
import { has, look } from './sight.js'
import type { Stage } from './stage.js'
import { hasSysctls, setSysctls } from './sysctls.js'

/** The life of one container with many devices: what they have in it, and after it. */
export function lifeOfContainer(stage: Stage, carrier: Carrier): [string, Cell][] {
  const { host, pod } = stage.testbed
  stage.make(DEVICES)
  setSysctls(stage.testbed, 'eth-up')
  const before = look(host)
  const container = stage.container(DEVICES)
  const problem = carrier.start(container)
  if (problem !== undefined) throw new Error(`${carrier.name} does not start: ${problem}`)
  const inside = look(pod)
  const sysctls = hasSysctls(stage.testbed, 'net1')
  const kept = KEPT.map(({ demand, cell }): [string, Cell] => [demand, cell(inside, sysctls)])

  carrier.end(container)
  const home = look(host)
  const areHome = DEVICES.every(({ device }) => has(home.devices, { ifname: device }))
  const loss = lossOf('eth-up', before, home, () => look(pod))
  stage.clear()
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
export function endWithoutNamespace(stage: Stage, carrier: Carrier): Cell {
  stage.make([{ device: 'bare', made: [] }])
  const container = stage.container([{ device: 'bare', as: 'bare' }])
  const problem = carrier.start(container)
  if (problem !== undefined) throw new Error(`${carrier.name} does not start: ${problem}`)
  execaSync('ip', ['netns', 'delete', stage.testbed.pod])
  const cell = cellOf({ end: carrier.end(container) === undefined })
  execaSync('ip', ['netns', 'add', stage.testbed.pod])
  stage.clear()
  return cell
}
