import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { NetworkNamespace } from '../src/kernel/namespace.js'
import { findLink } from '../src/kernel/netlink/link.js'
import { changeLink } from '../src/kernel/netlink/link-change.js'
import { type Network, settle } from './network.js'
import { Timings, table } from './statistics.js'

const BLOCK_ROUNDS = 5

interface Contestant {
  name: string
  path: string
  configuration: object
  add: Timings
  del: Timings
  version: Timings
}

/**
 * Runs all contestants in turn, a block of rounds each, and prints what came out.
 * Within a block one pod follows the other without a pause, as on a busy node:
 * what a plugin leaves the kernel to do (a temporary namespace is taken down in
 * the background) delays its own next call, and nobody else's.
 */
export function compare(peerPath: string, rounds: number, network: Network): void {
  const ours = { stateDir: network.stateDirectory }
  const contestants = [
    contestant('host-device-l3, compiled', 'dist/host-device-l3', ours),
    contestant('host-device-l3.cjs, Node', 'dist/host-device-l3.cjs', ours),
    contestant(`peer ${peerPath}`, peerPath, {}),
  ]
  const move = new Timings()
  for (let done = 0; done < rounds; done += BLOCK_ROUNDS) {
    for (const one of contestants) runBlock(one, network)
    runBlockOfBareMoves(move, network)
  }
  print(contestants, move, rounds)
}

function contestant(name: string, path: string, keys: object): Contestant {
  return {
    name,
    path: resolve(path),
    configuration: { cniVersion: '1.0.0', name: 'bench', type: 'x', device: 'eth1', ...keys },
    add: new Timings(),
    del: new Timings(),
    version: new Timings(),
  }
}

function runBlock(one: Contestant, network: Network): void {
  settle()
  for (let round = 0; round < BLOCK_ROUNDS; round++) {
    prepareDevice()
    one.add.time(() => call(one, 'ADD', network))
    one.del.time(() => call(one, 'DEL', network))
  }
  for (let round = 0; round < BLOCK_ROUNDS; round++)
    one.version.time(() => call(one, 'VERSION', network))
}

/** Every contestant starts from the same: the device up, with one address and one route. */
function prepareDevice(): void {
  execFileSync('ip', ['-batch', '-'], {
    input: [
      'link set eth1 up',
      'address replace 198.51.100.5/24 dev eth1',
      'route replace 203.0.113.0/24 via 198.51.100.1',
    ].join('\n'),
  })
}

function call(one: Contestant, command: string, network: Network): void {
  execFileSync(one.path, [], {
    // VERSION does not read its input, and would be gone before all of it is written.
    input: command === 'VERSION' ? '' : JSON.stringify(one.configuration),
    env: {
      PATH: process.env.PATH,
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'bench',
      CNI_NETNS: network.sandboxPath,
      CNI_IFNAME: 'net1',
      CNI_PATH: '/opt/cni/bin',
    },
  })
}

/** What the kernel alone takes for one message that moves and renames. */
function runBlockOfBareMoves(move: Timings, network: Network): void {
  settle()
  using host = NetworkNamespace.host()
  using sandbox = host.open(network.sandboxPath)
  const index = findLink(host.socket, { name: 'eth1' })?.index ?? 0
  const go = (from: NetworkNamespace, to: NetworkNamespace, name: string) => () =>
    changeLink(from.socket, index, { namespaceFd: to.fd, name, up: true })
  for (let round = 0; round < BLOCK_ROUNDS; round++) {
    prepareDevice()
    move.time(go(host, sandbox, 'net1'))
    go(sandbox, host, 'eth1')()
  }
}

function print(contestants: Contestant[], move: Timings, rounds: number): void {
  const peer = contestants.at(-1)
  const rows = [['', 'median ms', 'min ms', 'of the peer’s median']]
  for (const command of ['add', 'del', 'version'] as const) {
    for (const one of contestants) {
      const ratio = one[command].median / (peer?.[command].median ?? Number.NaN)
      rows.push([`${command.toUpperCase()} ${one.name}`, ...cells(one[command]), ratio.toFixed(2)])
    }
  }
  rows.push(['one kernel move', ...cells(move), ''])
  console.log(`${rounds} rounds, one device with one address and one route\n`)
  console.log(table(rows))
}

const cells = (timings: Timings) => [timings.median.toFixed(1), timings.minimum.toFixed(1)]
