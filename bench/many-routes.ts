import { execFileSync } from 'node:child_process'
import { CONFIGURATION_DEFAULTS } from '../src/cni/configuration-defaults.js'
import { lendDevice } from '../src/device/lend.js'
import { returnDevice } from '../src/device/return.js'
import { findSelectedDevice } from '../src/device/selected-device.js'
import { NetworkNamespace } from '../src/kernel/namespace.js'
import { applyState } from '../src/state/apply.js'
import { captureHostNetworkState } from '../src/state/capture.js'
import { carriedState } from '../src/state/carry.js'
import { planState } from '../src/state/plan.js'
import { allContestants, type Contestant, callOf } from './contestants.js'
import { type Measured, measure } from './measured.js'
import type { Network } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples, Timings } from './statistics.js'

const MOST_ROUNDS = 5
const GATEWAY = 'via 198.51.100.1 dev'
const GATEWAY6 = 'via 2001:db8::1 dev'

/** Whoever moves the routes of a device to the sandbox. */
interface Mover {
  name: string
  /** Brings the device and its routes into the sandbox. */
  move: () => Cost
  /** Brings the device home. */
  undo: () => void
}

type Cost = Pick<Measured, 'milliseconds' | 'cpuMilliseconds' | 'peakMebibytes'>

/**
 * A device with many IPv4 and IPv6 routes: both artefacts beside what a
 * person would do by hand (save the routes, move the device, replay them with
 * `ip -batch`), and beside the replay alone.
 */
export function compareManyRoutes(network: Network, noise: Noise): Report {
  const replay = new Timings()
  const ourReplay = new Timings()
  const [executable, node] = allContestants(network)
  const movers = [plugin(executable, network), plugin(node, network), byHand(network, replay)]
  const samples = movers.map(() => ({
    wall: new Samples(),
    cpu: new Samples(),
    peak: new Samples(),
  }))
  const rounds = Math.min(network.rounds, MOST_ROUNDS)
  for (let round = 0; round < rounds; round++) {
    for (const [n, mover] of movers.entries()) {
      prepare(network)
      noise.pause()
      const cost = mover.move()
      samples[n]?.wall.add(cost.milliseconds)
      samples[n]?.cpu.add(cost.cpuMilliseconds)
      samples[n]?.peak.add(cost.peakMebibytes)
      requireAllThere(network)
      mover.undo()
    }
    replayInProcess(network, ourReplay, noise)
  }
  const wallOf = (wall: Samples) => ({ 'median ms': wall.median, 'min ms': wall.minimum })
  const rows: Report['rows'] = movers.flatMap(({ name }, n) => {
    const of = samples[n]
    if (!of) return []
    return [
      { what: name, ...wallOf(of.wall), 'CPU ms': of.cpu.median, 'peak MiB': of.peak.maximum },
    ]
  })
  rows.push({ what: 'the replay alone, by ip -batch', ...wallOf(replay) })
  rows.push({ what: 'the replay alone, by our code in Node', ...wallOf(ourReplay) })
  const { routes } = network
  return { title: `ADD with ${routes} IPv4 and ${routes} IPv6 routes, ${rounds} rounds`, rows }
}

function plugin({ keys, ...rest }: Contestant, network: Network): Mover {
  // Each mover finds a device without routes, which it then is given.
  const one = { ...rest, keys: { ...keys, restoreOnDelete: false } }
  const attachment = { device: 'eth1', sandboxPath: network.sandboxPath }
  return {
    name: one.name,
    move: () => measure(network, callOf(one, 'ADD', attachment)),
    undo: () => void measure(network, callOf(one, 'DEL', attachment)),
  }
}

/** Times what ADD does after the move: work the requests out, and send them. */
function replayInProcess(network: Network, timings: Timings, noise: Noise): void {
  prepare(network)
  noise.pause()
  using host = NetworkNamespace.host()
  using sandbox = host.open(network.sandboxPath)
  const device = findSelectedDevice(host, { device: 'eth1' })
  const state = carriedState(captureHostNetworkState(host, device, CONFIGURATION_DEFAULTS), device)
  const lent = { onHost: device, nameInSandbox: 'net1' }
  const { link } = lendDevice(host, sandbox, lent, { bringUp: true, meanwhile: () => undefined })
  timings.time(() => applyState(sandbox, link, planState(device, link, state)))
  requireAllThere(network)
  returnDevice(host, lent, { namespace: sandbox, link })
}

function byHand(network: Network, replay: Timings): Mover {
  const { hostName, sandboxName } = network
  const ip = (words: string, input = '') =>
    measure(network, { command: ['/bin/ip', ...words.split(' ')], input })
  return {
    name: 'by hand: ip route save, move, ip -batch',
    move: () => {
      const steps = [
        ip('-4 route save table main dev eth1'),
        ip('-6 route save table main dev eth1'),
        ip(`link set eth1 netns ${sandboxName} name net1 up`),
        ip(`-n ${sandboxName} address add 198.51.100.5/24 dev net1`),
        ip(`-n ${sandboxName} address add 2001:db8::5/64 dev net1 nodad`),
        ip(`-n ${sandboxName} -batch -`, routes(network, 'net1')),
      ]
      replay.add(steps.at(-1)?.milliseconds ?? Number.NaN)
      const sum = (of: (step: Measured) => number) => steps.reduce((sum, one) => sum + of(one), 0)
      return {
        milliseconds: sum((one) => one.milliseconds),
        cpuMilliseconds: sum((one) => one.cpuMilliseconds),
        peakMebibytes: Math.max(...steps.map((one) => one.peakMebibytes)),
      }
    },
    undo: () => void ip(`-n ${sandboxName} link set net1 netns ${hostName} name eth1`),
  }
}

function prepare(network: Network): void {
  const lines = [
    'link set eth1 up',
    'address replace 198.51.100.5/24 dev eth1',
    'address replace 2001:db8::5/64 dev eth1 nodad',
  ]
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n${routes(network, 'eth1')}` })
}

function routes({ routes: count }: Network, device: string): string {
  return Array.from({ length: count }, (_, n) => [
    `route add 10.${n >> 8}.${n & 255}.0/24 ${GATEWAY} ${device}`,
    `route add fd00:${n.toString(16)}::/32 ${GATEWAY6} ${device}`,
  ])
    .flat()
    .join('\n')
}

function requireAllThere({ sandboxName, routes: wanted }: Network): void {
  for (const [family, gateway] of [
    ['-4', GATEWAY],
    ['-6', GATEWAY6],
  ] as const) {
    const said = execFileSync('ip', ['-n', sandboxName, family, 'route'], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const count = said.split('\n').filter((line) => line.includes(gateway)).length
    if (count !== wanted) throw new Error(`${count} of ${wanted} routes are there`)
  }
}
