import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batch } from '../batch.js'
import { runSync } from '../run-sync.js'
import { until } from '../until.js'

/** A PCI NIC of the virtual machine: tools/vm/run.sh has where it put them. */
export interface Nic {
  readonly driver: string
  readonly pci: string
  readonly mac: string
}

const nic = (driver: string, n: number): Nic => ({
  driver,
  pci: `0000:00:1${n}.0`,
  mac: `52:54:00:00:00:0${n}`,
})
/** Two on one network, and three on another. */
export const VIRTIO = [nic('virtio-net', 0), nic('virtio-net', 1)] as const
export const E1000 = [nic('e1000', 2), nic('e1000', 3), nic('e1000', 4)] as const

/** The MAC of a failover pair: of two NICs, and of the device that the kernel makes above both. */
export const PAIR_MAC = '52:54:00:00:00:05'

/** Where the machine itself is a host, since its NICs come back to no other namespace. */
const HOST = 'hdl3-machine'

/**
 * The virtual machine itself as the host, with PCI NICs. Dispose it, and the NICs are
 * back, down and with nothing on them.
 */
export class Machine {
  readonly host = HOST
  readonly stateDirectory = mkdtempSync(join(tmpdir(), 'hdl3-state-'))
  readonly pod = 'hdl3-pod'
  private readonly namespaces: string[] = []

  constructor() {
    runSync('modprobe', ['--all', 'virtio_net', 'e1000'])
    runSync('ip', ['netns', 'attach', HOST, String(process.pid)])
    this.takeHome()
    for (const [n, name] of this.ofPair().entries())
      batch(HOST, `link set ${name} down`, `link set ${name} name pair${n}`)
    this.addNamespace(this.pod)
  }

  get sandboxPath(): string {
    return this.pathOf(this.pod)
  }

  pathOf(namespace: string): string {
    return `/run/netns/${namespace}`
  }

  addNamespace(name: string): void {
    runSync('ip', ['netns', 'add', name])
    this.namespaces.push(name)
    this.ip(name, 'link set lo up')
  }

  /** Ends a namespace, as the end of a pod does, and waits until its NICs are home. */
  endNamespace(name: string, nics: readonly Nic[]): void {
    runSync('ip', ['netns', 'delete', name])
    until(() => nics.every((one) => this.nameOf(one) !== undefined))
  }

  /** The name of a NIC's device on the host; undefined while it is not there. */
  nameOf({ pci }: Nic): string | undefined {
    const directory = this.directoryOf({ pci })
    return existsSync(`${directory}/net`) ? readdirSync(`${directory}/net`)[0] : undefined
  }

  /** The names of the devices of the failover pair that are on the host, in the order of their making. */
  ofPair(): string[] {
    const links: { address: string; ifname: string }[] = JSON.parse(this.ip(HOST, '-json link'))
    return links.filter(({ address }) => address === PAIR_MAC).map(({ ifname }) => ifname)
  }

  /** Where sysfs has what the network device hangs on: a virtio NIC has one device more. */
  directoryOf({ pci }: Pick<Nic, 'pci'>): string {
    const directory = `/sys/devices/pci0000:00/${pci}`
    const virtio = readdirSync(directory).find((name) => name.startsWith('virtio'))
    return virtio === undefined ? directory : `${directory}/${virtio}`
  }

  /** Gives the device of a NIC a name. */
  rename(one: Nic, name: string): void {
    batch(HOST, `link set ${this.nameOf(one)} down`, `link set ${this.nameOf(one)} name ${name}`)
  }

  /** Gives a device of the host what it is to be lent with: addresses, and a route by 198.51.100.1. */
  configure(name: string, ...more: string[]): void {
    batch(
      HOST,
      // What an earlier test gave it comes home with it.
      `link set ${name} down`,
      `address flush dev ${name}`,
      `link set ${name} up`,
      `address add 198.51.100.5/24 dev ${name}`,
      `address add 2001:db8::5/64 dev ${name} nodad`,
      'route add 203.0.113.0/24 via 198.51.100.1',
      ...more,
    )
  }

  /** Makes a NIC answer for all addresses given. */
  answer(one: Nic, ...addresses: string[]): void {
    const namespace = `hdl3-answers-${one.pci.slice(-4, -2)}`
    this.addNamespace(namespace)
    const name = this.nameOf(one)
    this.ip(HOST, `link set ${name} netns ${namespace}`)
    const lines = addresses.map((address) => `address add ${address} dev ${name}`)
    batch(namespace, `link set ${name} up`, ...lines)
  }

  ip(namespace: string, words: string): string {
    return runSync('ip', ['-n', namespace, ...words.split(' ')]).stdout
  }

  /** Whether somebody answers, if need be after the seconds that an e1000 needs to come up. */
  reaches(namespace: string, address: string): boolean {
    const words = ['netns', 'exec', namespace, 'ping', '-c', '1', '-w', '10', address]
    return runSync('ip', words, { reject: false }).exitCode === 0
  }

  [Symbol.dispose](): void {
    for (const namespace of this.namespaces)
      runSync('ip', ['netns', 'delete', namespace], { reject: false })
    rmSync(this.stateDirectory, { recursive: true, force: true })
    try {
      this.takeHome()
    } finally {
      runSync('ip', ['netns', 'delete', HOST])
    }
  }

  private takeHome(): void {
    for (const one of [...VIRTIO, ...E1000]) {
      until(() => this.nameOf(one) !== undefined)
      const name = this.nameOf(one)
      batch(HOST, `address flush dev ${name}`, `link set ${name} down alias ""`)
      // A name that no other is going to get.
      this.rename(one, `free${one.pci.slice(-4, -2)}`)
    }
  }
}
