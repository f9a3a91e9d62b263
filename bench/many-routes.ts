import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CONFIGURATION_DEFAULTS } from '../src/cni/configuration-defaults.js'
import { lendDevice } from '../src/device/lend.js'
import { returnDevice } from '../src/device/return.js'
import { findDevice } from '../src/device/selector.js'
import { NetworkNamespace } from '../src/kernel/namespace.js'
import { applyState } from '../src/state/apply.js'
import { captureHostNetworkState } from '../src/state/capture.js'
import { carriedState } from '../src/state/carry.js'
import { planState } from '../src/state/plan.js'
import { type Network, settle } from './network.js'
import { Timings, table } from './statistics.js'

const COUNT = 10_000
const ROUNDS = 5
const GATEWAY = 'via 198.51.100.1 dev'
const GATEWAY6 = 'via 2001:db8::1 dev'

/** Whoever moves the routes of a device to the sandbox, and what that took. */
interface Mover {
  name: string
  /** Brings the device and its routes into the sandbox; returns its peak memory in MiB. */
  move: () => number
  /** Brings the device home. */
  undo: () => void
  whole: Timings
  megabytes: number[]
}

/**
 * A device with 10,000 IPv4 and 10,000 IPv6 routes: both artefacts beside what a
 * person would do by hand (save the routes, move the device, replay them with
 * `ip -batch`), and beside the replay alone.
 */
export function compareManyRoutes(network: Network): void {
  const replay = new Timings()
  const ourReplay = new Timings()
  const movers = [
    plugin('host-device-l3, compiled', 'dist/host-device-l3', network),
    plugin('host-device-l3.cjs, Node', 'dist/host-device-l3.cjs', network),
    byHand(network, replay),
  ]
  for (let round = 0; round < ROUNDS; round++) {
    for (const mover of movers) {
      prepare()
      settle()
      mover.whole.time(() => void mover.megabytes.push(mover.move()))
      requireAllThere(network)
      mover.undo()
    }
    replayInProcess(network, ourReplay)
  }
  const rows = [['', 'median s', 'min s', 'peak MiB']]
  for (const { name, whole, megabytes } of movers)
    rows.push([name, ...seconds(whole), Math.max(...megabytes).toFixed(0)])
  rows.push(['the replay alone, by ip -batch', ...seconds(replay), ''])
  rows.push(['the replay alone, by our code in Node', ...seconds(ourReplay), ''])
  console.log(`\n${COUNT} IPv4 and ${COUNT} IPv6 routes, ${ROUNDS} rounds\n`)
  console.log(table(rows))
}

function plugin(name: string, path: string, network: Network): Mover {
  const configuration = {
    cniVersion: '1.0.0',
    name: 'bench',
    device: 'eth1',
    stateDir: network.stateDirectory,
  }
  const call = (command: string) =>
    measured([resolve(path)], network, JSON.stringify(configuration), {
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'bench',
      CNI_NETNS: network.sandboxPath,
      CNI_IFNAME: 'net1',
      CNI_PATH: '/opt/cni/bin',
    })
  return {
    name,
    move: () => call('ADD'),
    undo: () => void call('DEL'),
    whole: new Timings(),
    megabytes: [],
  }
}

/** Times what ADD does after the move: work the requests out, and send them. */
function replayInProcess(network: Network, timings: Timings): void {
  prepare()
  settle()
  using host = NetworkNamespace.host()
  using sandbox = host.open(network.sandboxPath)
  const device = findDevice(host, { device: 'eth1' })
  const state = carriedState(captureHostNetworkState(host, device, CONFIGURATION_DEFAULTS), device)
  const lent = { onHost: device, nameInSandbox: 'net1' }
  const { link } = lendDevice(host, sandbox, lent, true, () => undefined)
  timings.time(() => applyState(sandbox, link, planState(device, link, state)))
  requireAllThere(network)
  returnDevice(host, lent, { namespace: sandbox, link })
}

function byHand(network: Network, replay: Timings): Mover {
  const ip = (words: string) => measured(['ip', ...words.split(' ')], network, '')
  return {
    name: 'by hand: ip route save, move, ip -batch',
    move: () => {
      ip('-4 route save table main dev eth1')
      ip('-6 route save table main dev eth1')
      ip(`link set eth1 netns ${network.sandboxName} name net1 up`)
      ip(`-n ${network.sandboxName} address add 198.51.100.5/24 dev net1`)
      ip(`-n ${network.sandboxName} address add 2001:db8::5/64 dev net1 nodad`)
      let megabytes = 0
      replay.time(() => {
        megabytes = measured(
          ['ip', '-n', network.sandboxName, '-batch', '-'],
          network,
          routes('net1'),
        )
      })
      return megabytes
    },
    undo: () =>
      void ip(`-n ${network.sandboxName} link set net1 netns ${network.hostName} name eth1`),
    whole: new Timings(),
    megabytes: [],
  }
}

/** Runs a command; returns its peak memory, in MiB, as GNU time reports it. */
function measured(command: string[], network: Network, input: string, variables = {}): number {
  const report = `${network.stateDirectory}/peak`
  execFileSync('time', ['-f', '%M', '-o', report, ...command], {
    input,
    env: { PATH: process.env.PATH, ...variables },
    maxBuffer: 64 * 1024 * 1024,
  })
  return Number(readFileSync(report, 'utf8')) / 1024
}

function prepare(): void {
  const lines = [
    'link set eth1 up',
    'address replace 198.51.100.5/24 dev eth1',
    'address replace 2001:db8::5/64 dev eth1 nodad',
  ]
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n${routes('eth1')}` })
}

function routes(device: string): string {
  return Array.from({ length: COUNT }, (_, n) => [
    `route add 10.${n >> 8}.${n & 255}.0/24 ${GATEWAY} ${device}`,
    `route add fd00:${n.toString(16)}::/32 ${GATEWAY6} ${device}`,
  ])
    .flat()
    .join('\n')
}

function requireAllThere({ sandboxName }: Network): void {
  for (const [family, gateway] of [
    ['-4', GATEWAY],
    ['-6', GATEWAY6],
  ] as const) {
    const said = execFileSync('ip', ['-n', sandboxName, family, 'route'], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const count = said.split('\n').filter((line) => line.includes(gateway)).length
    if (count !== COUNT) throw new Error(`${count} of ${COUNT} routes are there`)
  }
}

const seconds = (timings: Timings) =>
  [timings.median, timings.minimum].map((milliseconds) => (milliseconds / 1000).toFixed(2))
