import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { withBuses } from '../support/buses.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { LONG } from '../support/length.js'
import { DEPLOY, readManifests } from '../support/manifests.js'
import { type Outcome, runCommandLine, startPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { SmallContainer } from '../support/small-container.js'
import { Testbed } from '../support/testbed.js'

const COUNT = LONG ? 64 : 8

/** A pod takes seconds on a busy machine: a tenth of a CPU, and devices and namespaces to make. */
const MOST_MILLISECONDS = LONG ? 600_000 : 240_000

/** What Multus's daemon does before it runs a plugin: the node's root directory becomes its own. */
const CHROOT = [
  'unshare',
  '--mount',
  'sh',
  '-euc',
  'mount --rbind / /mnt; cd /mnt; exec chroot . "$@"',
  'sh',
]

/** What the daemon's container has in its environment beside CNI's variables. */
const ENVIRONMENT = {
  MULTUS_NODE_NAME: 'node-1',
  KUBERNETES_SERVICE_HOST: '10.96.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  HOME: '/root',
  HOSTNAME: 'node-1',
}

/** The configuration of the example's network. */
function exampleNetwork(): Record<string, unknown> {
  const [definition] = readManifests(`${DEPLOY}/examples/network.yaml`)
  return JSON.parse(definition?.spec.config)
}

/** A pod with a NIC that a device plugin has chosen, as Multus asks for it. */
interface MultusPod {
  id: string
  sandbox: string
  nic: string
  pciAddress: string
}

class Node implements Disposable {
  readonly testbed = new Testbed()
  readonly pods: MultusPod[]
  readonly #buses: string[]

  constructor(
    private readonly path: string,
    /** Where the plugin runs. */
    private readonly place: { chroot: string[]; container: string[] },
  ) {
    const { pod } = this.testbed
    this.pods = Array.from({ length: COUNT }, (_, n) => ({
      id: `${n}`.padStart(64, 'a'),
      sandbox: `${pod}-${n}`,
      nic: `nic${n}`,
      pciAddress: `0000:${n.toString(16).padStart(2, '0')}:00.0`,
    }))
    for (const [n, { sandbox, nic }] of this.pods.entries()) {
      runSync('ip', ['netns', 'add', sandbox])
      this.testbed.addDevice(nic)
      this.testbed.onHost(`address add 10.0.${n}.1/24 dev ${nic}`)
      this.testbed.onHost(`route add 10.1.${n}.0/24 via 10.0.${n}.254`)
    }
    this.#buses = withBuses(
      this.pods.map(({ pciAddress, nic }) => `pci/devices/${pciAddress}/net/${nic}`),
    )
  }

  /** Where Multus looks for what the plugin says of the device, and removes it after DEL. */
  deviceInfoFile({ id }: MultusPod): string {
    return `${this.testbed.stateDirectory}/devinfo/cni/default-lent-nic-${id}_net1`
  }

  /** The delegate's configuration, environment and cached result are as Multus makes them. */
  async call(command: string, pod: MultusPod, prevResult?: unknown): Promise<Outcome> {
    const { id, sandbox, pciAddress: deviceID } = pod
    return startPlugin(this.testbed, this.path, command, {
      wrapper: [...this.place.chroot, ...this.#buses, ...this.place.container],
      configuration: {
        device: undefined,
        ...exampleNetwork(),
        deviceID,
        pciBusID: deviceID,
        runtimeConfig: { deviceID, CNIDeviceInfoFile: this.deviceInfoFile(pod) },
        ...(prevResult === undefined ? {} : { prevResult }),
      },
      variables: {
        ...ENVIRONMENT,
        CNI_CONTAINERID: id,
        CNI_NETNS: `/run/netns/${sandbox}`,
        CNI_IFNAME: 'net1',
        CNI_ARGS: `IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-${id};K8S_POD_INFRA_CONTAINER_ID=${id};K8S_POD_UID=uid`,
      },
    })
  }

  /** Where the NICs are: all on the host, or each in its pod with its address and route. */
  expectAllHome(): void {
    const links = this.testbed.onHost('-4 -oneline address')
    for (const [n, { nic }] of this.pods.entries())
      expect(links).toMatch(new RegExp(`${nic}\\s+inet 10\\.0\\.${n}\\.1/24`))
    expect(this.testbed.filesIn('attachments')).toEqual([])
  }

  expectAllLent(): void {
    for (const [n, { sandbox }] of this.pods.entries()) {
      const { stdout } = runSync('ip', ['-n', sandbox, 'route'])
      expect(stdout).toContain(`10.1.${n}.0/24 via 10.0.${n}.254 dev net1`)
    }
    expect(this.testbed.onHost('link')).not.toMatch(/nic\d/)
  }

  [Symbol.dispose](): void {
    const input = this.pods.map(({ sandbox }) => `netns delete ${sandbox}`).join('\n')
    runSync('ip', ['-force', '-batch', '-'], { input, reject: false })
    this.testbed[Symbol.dispose]()
  }
}

const expectSuccess = ({ exitCode, stdout, stderr }: Outcome) =>
  expect(exitCode, `${stdout}${stderr}`).toBe(0)

/** ADD, CHECK and DEL of every pod. */
async function live(
  node: Node,
  callAll: (call: (pod: MultusPod) => Promise<Outcome>) => Promise<Outcome[]>,
): Promise<void> {
  const added = await callAll((pod) => node.call('ADD', pod))
  for (const outcome of added) expectSuccess(outcome)
  node.expectAllLent()
  const results = new Map(node.pods.map((pod, n) => [pod, added[n]?.document]))
  for (const command of ['CHECK', 'DEL']) {
    const outcomes = await callAll((pod) => node.call(command, pod, results.get(pod)))
    for (const outcome of outcomes) expectSuccess(outcome)
  }
  node.expectAllHome()
}

vi.setConfig({ testTimeout: MOST_MILLISECONDS, hookTimeout: MOST_MILLISECONDS })

describe.each(ARTEFACTS)('thin Multus, a child of the runtime: $artefact', ({ path }) => {
  let node: Node
  beforeEach(() => {
    node = new Node(path, { chroot: [], container: [] })
  })
  afterEach(() => node[Symbol.dispose]())

  it(`${COUNT} pods at once`, () => live(node, (call) => Promise.all(node.pods.map(call))))
})

describe.skipIf(!SmallContainer.isPossible)(
  'thick Multus, from its container of 50 MiB and a tenth of a CPU',
  () => {
    let container: SmallContainer
    let node: Node
    beforeEach(() => {
      container = new SmallContainer(`hdl3-multus-${process.pid}`)
      node = new Node(COMPILED, { chroot: CHROOT, container: container.wrapper })
    })
    afterEach(() => {
      container[Symbol.dispose]()
      node[Symbol.dispose]()
    })

    // Its lock lets one plugin run at a time.
    it(`${COUNT} pods, one after the other`, () =>
      live(node, async (call) => {
        const outcomes: Outcome[] = []
        for (const pod of node.pods) outcomes.push(await call(pod))
        return outcomes
      }))

    it(`${COUNT} pods at once, as if it had no lock`, () =>
      live(node, (call) => Promise.all(node.pods.map(call))))

    // It is in the daemon's control group, whose processes the runtime kills with the container.
    it('an address keeper ends with the container: CHECK says so, and keep does its work', async () => {
      using gvisor = GvisorTestbed.withMacvlan(COMPILED)
      const { testbed, containerId } = gvisor
      const { exitCode, stdout } = gvisor.call(
        'ADD',
        {},
        { wrapper: [...CHROOT, ...container.wrapper] },
      )
      expect(exitCode, stdout).toBe(0)
      await expect.poll(() => keepersOf(containerId)).toHaveLength(1)
      const [keeper] = keepersOf(containerId)
      const members = container.files.flatMap((file) =>
        readFileSync(file, 'utf8').trim().split('\n'),
      )
      expect(members).toContain(`${keeper?.pid}`)
      process.kill(keeper?.pid ?? 0, 'SIGKILL')
      await expect.poll(() => keepersOf(containerId)).toEqual([])
      expect(gvisor.call('CHECK').document).toMatchObject({
        code: 105,
        msg: expect.stringMatching(/its address keeper \(process \d+\) has ended before gVisor/),
      })
      gvisor.strip()
      const where = ['--netns', testbed.sandboxPath, '--state-dir', testbed.stateDirectory]
      expect(runCommandLine(testbed, COMPILED, ['keep', ...where])).toMatchObject({
        exitCode: 0,
        stdout: 'net1: put back 2001:db8::5/128',
      })
      expect(gvisor.addresses()).toEqual(['2001:db8::5/128'])
    })
  },
)
