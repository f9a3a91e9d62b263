import { type CallOptions, callPlugin, type Outcome } from '../plugin.js'
import { Testbed } from '../testbed.js'
import { until } from '../until.js'

/** What the chain before us reported of the interface. */
const ASSIGNED = {
  ips: [{ address: '198.51.100.5/24' }, { address: '2001:db8::5/64' }],
  routes: [
    { dst: '0.0.0.0/0', gw: '198.51.100.1' },
    { dst: '::/0', gw: '2001:db8::1' },
  ],
}

/** A testbed with an interface in the pod that another plugin made. Dispose it. */
export class GvisorTestbed implements Disposable {
  readonly testbed = new Testbed()
  /** Nobody else's: keepers are told apart by it. */
  readonly containerId = this.testbed.pod

  private constructor(private readonly path: string) {}

  /** A macvlan device as net1, with addresses and default routes of both families. */
  static withMacvlan(artefactPath: string): GvisorTestbed {
    const gvisor = new GvisorTestbed(artefactPath)
    const { pod } = gvisor.testbed
    gvisor.testbed.onHost('link add link eth1 name made type macvlan mode bridge')
    gvisor.testbed.onHost(`link set made netns ${pod} name net1`)
    gvisor.#configure()
    return gvisor
  }

  /** A veth device as net1, with the same. */
  static withVeth(artefactPath: string): GvisorTestbed {
    const gvisor = new GvisorTestbed(artefactPath)
    const { cloud } = gvisor.testbed
    gvisor.testbed.inPod(`link add net1 type veth peer name direct netns ${cloud}`)
    gvisor.testbed.inCloud('link set direct up')
    gvisor.#configure()
    return gvisor
  }

  #configure(): void {
    this.testbed.inPod('link set net1 up')
    this.testbed.inPod('address add 198.51.100.5/24 dev net1')
    this.testbed.inPod('address add 2001:db8::5/64 dev net1 nodad')
    this.testbed.inPod('route add default via 198.51.100.1')
    this.testbed.inPod('route add default via 2001:db8::1')
    // A moment later the kernel adds an address of the link, which may not come after `strip`.
    until(() => this.testbed.inPod('address show dev net1').includes('inet6 fe80:'))
  }

  get prevResult() {
    return {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'net1', sandbox: this.testbed.sandboxPath }],
      ips: ASSIGNED.ips.map((ip) => ({ ...ip, interface: 0 })),
      routes: ASSIGNED.routes,
    }
  }

  /** A call as the last of a chain, with nothing to do but for gVisor. */
  call(command: string, configuration: object = {}, options: CallOptions = {}): Outcome {
    return callPlugin(this.testbed, this.path, command, {
      ...options,
      configuration: {
        ...{ cniVersion: '1.0.0', device: undefined, gvisor: true, prevResult: this.prevResult },
        ...configuration,
      },
      variables: { CNI_CONTAINERID: this.containerId, ...options.variables },
    })
  }

  /** The addresses that net1 has, such as "2001:db8::5/64". */
  addresses(): string[] {
    const [link] = JSON.parse(this.testbed.inPod('-json address show dev net1'))
    const infos = link.addr_info as { local: string; prefixlen: number }[]
    return infos.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
  }

  /** Takes the addresses one by one, as runsc does. */
  strip(): void {
    for (const address of this.addresses()) this.testbed.inPod(`address delete ${address} dev net1`)
  }

  [Symbol.dispose](): void {
    // Ends the keeper.
    this.call('DEL')
    this.testbed[Symbol.dispose]()
  }
}
