import { BareMoves } from './bare-moves.js'
import { allContestants, type Contestant, callOf } from './contestants.js'
import { type Measured, measure } from './measured.js'
import { type Network, prepareDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples } from './statistics.js'

const COMMANDS = ['ADD', 'CHECK', 'DEL', 'VERSION'] as const
type Command = (typeof COMMANDS)[number]

interface Costs {
  wall: Samples
  cpu: Samples
  peak: Samples
}

/** Calls every contestant in turn: one device with one address and one route. */
export function compareOneDevice(network: Network, noise: Noise): Report {
  const contestants = allContestants(network)
  const costs = new Map(contestants.map((one) => [one, newCosts()]))
  const moves = new BareMoves(network)
  for (let round = 0; round < network.rounds; round++) {
    for (const [one, costsOf] of costs) runRound(one, costsOf, network, noise)
    moves.runRound(noise)
  }
  const peer = costs.get(contestants[2])
  const rows = COMMANDS.flatMap((command) =>
    [...costs].map(([{ name }, costsOf]) => ({
      call: command,
      plugin: name,
      ...numbers(costsOf[command], peer?.[command]),
    })),
  )
  return { title: `One device, ${network.rounds} rounds`, rows: [...rows, ...moves.rows] }
}

function newCosts(): Record<Command, Costs> {
  const none = () => ({ wall: new Samples(), cpu: new Samples(), peak: new Samples() })
  return { ADD: none(), CHECK: none(), DEL: none(), VERSION: none() }
}

function runRound(
  one: Contestant,
  costs: Record<Command, Costs>,
  network: Network,
  noise: Noise,
): void {
  const attachment = { device: 'eth1', sandboxPath: network.sandboxPath }
  let prevResult: object | undefined
  prepareDevices(['eth1'])
  for (const command of COMMANDS) {
    noise.pause()
    const measured = measure(network, callOf(one, command, attachment, prevResult))
    note(costs[command], measured)
    if (command === 'ADD') prevResult = JSON.parse(measured.stdout)
  }
}

function note(costs: Costs, { milliseconds, cpuMilliseconds, peakMebibytes }: Measured): void {
  costs.wall.add(milliseconds)
  costs.cpu.add(cpuMilliseconds)
  costs.peak.add(peakMebibytes)
}

const wallOf = (wall: Samples) => ({ 'median ms': wall.median, 'min ms': wall.minimum })

function numbers(costs: Costs, peer: Costs | undefined) {
  return {
    ...wallOf(costs.wall),
    'of the peer’s': costs.wall.median / (peer?.wall.median ?? Number.NaN),
    'CPU ms': costs.cpu.median,
    'of the peer’s CPU': costs.cpu.median / (peer?.cpu.median ?? Number.NaN),
    'peak MiB': costs.peak.maximum,
  }
}
