import { execa } from 'execa'
import { COMPILED } from '../artefacts.js'
import { batch } from '../batch.js'
import { callPlugin } from '../plugin.js'
import { runSync } from '../run-sync.js'
import { callStockPlugin } from '../stock-plugin.js'
import { Testbed } from '../testbed.js'

/** How a macvlan or ipvlan device is made. */
export interface SlaveKind {
  kind: 'macvlan' | 'ipvlan'
  mode: string
  flag?: string
}

const HOST = '198.51.100.2'
const OUTSIDE = '198.51.100.1'
/** The stock ipvlan plugin makes no device without an address. */
const assigned = (address: string) => ({
  type: 'static',
  addresses: [{ address: `${address.replace('198.51.100', '169.254.77')}/32` }],
})
/** Who is asked, in the order of the answers. */
export const ASKED = ['pod to pod', 'pod to host', 'pod to outside']

/**
 * A host on a switch whose port can send back what came from it (hairpin), and pods whose
 * macvlan or ipvlan devices are made on the host's eth1.
 */
export class Slaves {
  private readonly testbed = new Testbed()
  private readonly all: { name: string; address: string; pod: string }[]
  /** Those that have a device. */
  private pods: typeof this.all = []

  constructor() {
    const { host, cloud } = this.testbed
    this.all = [
      { name: 'slave5', address: '198.51.100.5', pod: this.testbed.pod },
      { name: 'slave6', address: '198.51.100.6', pod: `${this.testbed.pod}-2` },
    ]
    for (const { pod } of this.all.slice(1)) runSync('ip', ['netns', 'add', pod])
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
    this.begin(mode)
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
    this.begin(mode)
    const { host } = this.testbed
    for (const slave of this.pods) {
      const { name, address } = slave
      batch(host, `link add ${name} type dummy`, ...this.stateOf(name, address, mode))
      this.call(slave, 'ADD', { device: name, mode: 'capture' })
      batch(host, `link delete ${name}`)
      const prevResult = callStockPlugin(
        this.site(slave),
        'ADD',
        { type: kind, master: 'eth1', mode, ipam: kind === 'ipvlan' ? assigned(address) : {} },
        { CNI_CONTAINERID: name },
      )
      this.call(slave, 'ADD', { device: undefined, prevResult })
    }
  }

  /** Whether the port of the switch sends back what came from it. */
  setHairpin(state: 'on' | 'off'): void {
    batch(this.testbed.cloud, `link set eth1 type bridge_slave hairpin ${state}`)
    this.forget()
  }

  /** Has the outside send what is for the pods by the host, where nobody answers ARP for them. */
  addReturnRoutes(): void {
    const lines = this.all.map(({ address }) => `route add ${address} via ${HOST}`)
    batch(this.testbed.cloud, ...lines)
  }

  /**
   * Whether each of those asked answers the first pod; undefined where there is no such one.
   * @param expected whose answer is waited for longer, should it be late
   */
  async ask(expected: string): Promise<(boolean | undefined)[]> {
    const wanted = expected.split(' ')
    const [first, second] = this.pods
    return await Promise.all(
      [second?.address, HOST, OUTSIDE].map(async (address, n) => {
        if (!address || !first) return undefined
        return await answers(first.pod, address, wanted[n] === 'ok' ? 8 : 2)
      }),
    )
  }

  [Symbol.dispose](): void {
    for (const { pod } of this.all.slice(1))
      runSync('ip', ['netns', 'delete', pod], { reject: false })
    this.testbed[Symbol.dispose]()
  }

  private begin(mode: string): void {
    this.pods = mode === 'passthru' ? this.all.slice(0, 1) : this.all
  }

  /** Has all forget what they learned, or could not learn, otherwise. */
  private forget(): void {
    const pods = this.pods.map(({ pod }) => pod)
    for (const place of [this.testbed.host, this.testbed.cloud, ...pods])
      batch(place, 'neighbour flush all')
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

/** Whether somebody answers within some seconds. A ping that hears an error gives up at once. */
async function answers(namespace: string, address: string, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000
  for (let left = seconds; left > 0; left = Math.ceil((end - Date.now()) / 1000)) {
    const words = ['-c', '1', '-i', '0.3', '-w', `${left}`, address]
    const ping = execa('ip', ['netns', 'exec', namespace, 'ping', ...words], { reject: false })
    if ((await ping).exitCode === 0) return true
  }
  return false
}
