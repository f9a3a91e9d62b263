/**
 * Measures both artefacts beside a Go host-device, in one run and in turn, on a
 * network of its own, and prints tables, or with --json a document. Variables:
 * PEER, the path of the Go plugin; ROUNDS, of which few calls have so many; DEVICES, the most at
 * once; ROUTES, of each family.
 */
import { execFileSync } from 'node:child_process'
import { cpus, release } from 'node:os'
import { batch } from '../test/support/batch.js'
import { settle } from '../test/support/settled.js'
import { SmallContainer } from '../test/support/small-container.js'
import { Testbed } from '../test/support/testbed.js'
import { compareAtOnce } from './at-once.js'
import { compareInContainer } from './cold-container.js'
import { compareManyRoutes } from './many-routes.js'
import type { Network } from './network.js'
import { Noise, type Verdict } from './noise.js'
import { compareOneDevice } from './one-device.js'
import { type Report, table } from './statistics.js'

const asJson = process.argv.includes('--json')

/** Inside the host's namespace: `ip netns exec` is not to be measured. */
async function measureAll(network: Network): Promise<void> {
  const noise = new Noise()
  const reports = [compareOneDevice(network, noise), await compareAtOnce(network, noise)]
  if (network.smallContainer.length > 0) reports.push(await compareInContainer(network, noise))
  reports.push(compareManyRoutes(network, noise))
  print(network, reports, noise.verdict)
}

function print({ peerPath }: Network, reports: Report[], noise: Verdict): void {
  const machine = { processor: cpus()[0]?.model ?? '', processors: cpus().length }
  const document = { machine: { ...machine, kernel: release() }, peer: peerPath, noise, reports }
  if (asJson) {
    console.log(JSON.stringify(document, undefined, 2))
    return
  }
  for (const report of reports) console.log(table(report))
  const { usedByOthers, spread, tooNoisy } = noise
  console.log(`
${machine.processors} × ${machine.processor}, kernel ${release()}; the peer is ${peerPath}.
Others used ${(usedByOthers * 100).toFixed(0)} % of the CPU; a fixed piece of work took up to ${spread.toFixed(2)} times as long as at best.`)
  if (tooNoisy) console.log('THE MACHINE WAS TOO NOISY: do not believe these times.')
}

/** Devices dev1, dev2, … on the host, with a sandbox for each; returns what removes these. */
function makeManyDevices({ host, cloud }: Testbed, count: number) {
  const devices = Array.from({ length: count }, (_, n) => ({
    device: `dev${n + 1}`,
    sandbox: `${host}-${n + 1}`,
  }))
  const eachSandbox = (words: string) =>
    execFileSync('ip', ['-batch', '-'], {
      input: devices.map(({ sandbox }) => `netns ${words} ${sandbox}`).join('\n'),
    })
  eachSandbox('add')
  batch(
    host,
    ...devices.map(
      ({ device }) => `link add ${device} type veth peer name ${device} netns ${cloud}`,
    ),
    ...devices.map(({ device }) => `link set ${device} up`),
  )
  batch(cloud, ...devices.map(({ device }) => `link set ${device} up`))
  settle(host)
  return {
    manyDevices: devices.map(({ device, sandbox }) => ({
      device,
      sandboxPath: `/run/netns/${sandbox}`,
    })),
    [Symbol.dispose]: () => void eachSandbox('delete'),
  }
}

if (process.argv[2] === 'inside') {
  await measureAll(JSON.parse(process.argv[3] ?? ''))
} else {
  const {
    PEER = '/usr/lib/cni/host-device',
    ROUNDS = 25,
    DEVICES = 64,
    ROUTES = 10_000,
  } = process.env
  using testbed = new Testbed()
  using many = makeManyDevices(testbed, Number(DEVICES))
  using container = SmallContainer.isPossible ? new SmallContainer(testbed.host) : undefined
  const network: Network = {
    hostName: testbed.host,
    cloudName: testbed.cloud,
    sandboxName: testbed.pod,
    sandboxPath: testbed.sandboxPath,
    stateDirectory: testbed.stateDirectory,
    peerPath: PEER,
    rounds: Number(ROUNDS),
    routes: Number(ROUTES),
    smallContainer: container?.files ?? [],
    manyDevices: many.manyDevices,
  }
  const inside = [process.argv[1] ?? '', 'inside', JSON.stringify(network)]
  const words = ['netns', 'exec', testbed.host, process.execPath, ...inside]
  execFileSync('ip', asJson ? [...words, '--json'] : words, { stdio: 'inherit' })
}
