import { execa, execaSync } from 'execa'
import { COMPILED } from '../artefacts.js'
import { callPlugin } from '../plugin.js'
import { callStockPlugin } from '../stock-plugin.js'
import { Testbed } from '../testbed.js'
import { batch } from './batch.js'

/** How a macvlan or ipvlan device is made. */
export interface SlaveKind {
  kind: 'macvlan' | 'ipvlan'
  mode: string
  flag?: string
}

const HOST = '198.51.100.2'
const OUTSIDE = '198.51.100.1'
/** Who is asked, in the order of the answers. */
export const ASKED = ['pod to pod', 'pod to host', 'pod to outside']

/**
 * A host on a switch whose port can send back what came from it (hairpin), and pods whose
 * macvlan or ipvlan devices are made on the host's eth1.
 */
export class Slaves {
  private readonly testbed = new Testbed()
  private readonly pods: { name: string; address: string; pod: string }[]

  constructor(count: number) {
    const { host, cloud } = this.testbed
    this.pods = [
      { name: 'slave5', address: '198.51.100.5', pod: this.testbed.pod },
      { name: 'slave6', address: '198.51.100.6', pod: `${this.testbed.pod}-2` },
    ].slice(0, count)
    for (const { pod } of this.pods.slice(1)) execaSync('ip', ['netns', 'add', pod])
    batch(host, `address add ${HOST}/24 dev eth1`)
    batch(
      cloud,
      'address flush dev eth1',
      'link add switch type bridge',
      'link set switch up',
      'link set eth1 master switch',
      `address add ${OUTSIDE}/24 dev switch`,
    )
  }

  /** Makes the devices on the host, gives them addresses and routes there, and lends them. */
  move({ kind, mode, flag = '' }: SlaveKind): void {
    for (const slave of this.pods) {
      const { name, address } = slave
      batch(
        this.testbed.host,
        `link add ${name} link eth1 type ${kind} mode ${mode} ${flag}`,
        ...this.stateOf(name, address, mode),
      )
      this.call(slave, 'ADD', { device: name })
    }
  }

  /**
   * Captures the state of a device that is then taken away, has the stock plugin make the
   * slave in the pod, and applies the state to that.
   */
  apply({ kind, mode }: SlaveKind): void {
    const { host } = this.testbed
    for (const slave of this.pods) {
      const { name, address } = slave
      batch(host, `link add ${name} type dummy`, ...this.stateOf(name, address, mode))
      this.call(slave, 'ADD', { device: name, mode: 'capture' })
      batch(host, `link delete ${name}`)
      const prevResult = callStockPlugin(
        this.site(slave),
        'ADD',
        { type: kind, master: 'eth1', mode, ipam: {} },
        { CNI_CONTAINERID: name },
      )
      this.call(slave, 'ADD', { device: undefined, prevResult })
    }
  }

  /** Whether the port of the switch sends back what came from it. */
  setHairpin(state: 'on' | 'off'): void {
    batch(this.testbed.cloud, `link set eth1 type bridge_slave hairpin ${state}`)
    const { host, cloud } = this.testbed
    // What they learned under the other setting.
    for (const place of [host, cloud, ...this.pods.map(({ pod }) => pod)])
      batch(place, 'neighbour flush all')
  }

  /** Has the outside send what is for the pods by the host, where nobody answers ARP for them. */
  addReturnRoutes(): void {
    for (const { address } of this.pods)
      batch(this.testbed.cloud, `route replace ${address} via ${HOST}`)
  }

  /** Whether each of those asked answers the first pod; undefined where there is no such one. */
  async ask(): Promise<(boolean | undefined)[]> {
    const [first, second] = this.pods
    return await Promise.all(
      [second?.address, HOST, OUTSIDE].map(async (address) => {
        if (!address || !first) return undefined
        const words = ['netns', 'exec', first.pod, 'ping', '-c', '1', '-i', '0.4', '-w', '2']
        return (await execa('ip', [...words, address], { reject: false })).exitCode === 0
      }),
    )
  }

  /** Calls DEL, and says what is then back on the host. */
  return(): string {
    for (const slave of this.pods) this.call(slave, 'DEL', { device: slave.name })
    return this.testbed.onHost('-br link')
  }

  [Symbol.dispose](): void {
    for (const { pod } of this.pods.slice(1))
      execaSync('ip', ['netns', 'delete', pod], { reject: false })
    this.testbed[Symbol.dispose]()
  }

  /** In the modes of layer 3 there is no ARP, and so no gateway. */
  private stateOf(name: string, address: string, mode: string): string[] {
    const by = mode.startsWith('l3') ? '' : `via ${OUTSIDE}`
    const metric = name.slice(-1)
    return [
      `link set ${name} up`,
      `address add ${address}/24 dev ${name}`,
      `route add default ${by} dev ${name} metric ${metric}`,
    ]
  }

  private call(slave: { name: string; pod: string }, command: string, keys: object): void {
    const { exitCode, stdout } = callPlugin(this.site(slave), COMPILED, command, {
      configuration: { cniVersion: '1.0.0', ...keys },
      variables: { CNI_CONTAINERID: slave.name },
    })
    if (exitCode !== 0) throw new Error(`${command} of ${slave.name}: ${stdout}`)
  }

  private site({ pod }: { pod: string }) {
    const { host, stateDirectory } = this.testbed
    return { host, stateDirectory, sandboxPath: `/run/netns/${pod}` }
  }
}
