import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { pathOfText } from './kernel-text.js'

const PCI_DEVICES = '/sys/bus/pci/devices'
/** Before the name of each device that was made on one, in its directory. */
const UPPER = 'upper_'
/** Before the name of each device beneath one, in its directory. */
const LOWER = 'lower_'
/** In the directory of a wireless device, the link to its radio. */
const RADIO = 'phy80211'
const AUXILIARY_DEVICES = '/sys/bus/auxiliary/devices'

/** The sysfs directory of a PCI device such as "0000:01:00.0"; undefined if there is none. */
export function pciDirectory(id: string): string | undefined {
  return existing(`${PCI_DEVICES}/${id}`)
}

/** The sysfs directory of an auxiliary device such as "mlx5_core.sf.4". */
export function auxiliaryDirectory(id: string): string | undefined {
  return existing(`${AUXILIARY_DEVICES}/${id}`)
}

/**
 * Finds the network devices of a PCI or auxiliary device. One shows only if it is in the network
 * namespace in which this sysfs was mounted.
 * @returns their names, and how many devices there are in other namespaces
 */
export function networkDevicesOf(directory: string): { names: string[]; elsewhere: number } {
  const own = devicesIn(`${directory}/net`)
  if (own.names.length > 0) return own
  // For virtio there is one more directory level: PCI device, virtioN, net.
  const virtio = entriesOf(directory).find((name) => name.startsWith('virtio'))
  return virtio === undefined ? own : devicesIn(`${directory}/${virtio}/net`)
}

/** Every directory has a link in its parent and one in itself. */
export const OWN_LINKS = 2

/** Each device is a subdirectory, and the kernel counts those that it does not show here, too. */
function devicesIn(directory: string): { names: string[]; elsewhere: number } {
  const names = entriesOf(directory).toSorted()
  const links = statSync(pathOfText(directory), { throwIfNoEntry: false })?.nlink ?? OWN_LINKS
  return { names, elsewhere: Math.max(0, links - OWN_LINKS - names.length) }
}

/**
 * Path under /sys/devices of a network device's parent device; undefined for a virtual device, or
 * if this sysfs belongs to another namespace.
 */
export function sysfsPathOf(name: string): string | undefined {
  const path = pathOfText(`/sys/class/net/${name}/device`)
  try {
    // To resolve a path takes a system call for each part.
    return existsSync(path) ? realpathSync(path) : undefined
  } catch {
    return undefined
  }
}

/** Names of devices that hang together with a network device. */
export interface Relations {
  /** The bridge or bond it is a port of, vlan and macvlan devices on top of it. */
  above: string[]
  /** Its own ports, or the device that it was made on. */
  beneath: string[]
  /** Whether a radio has it: it is wireless. */
  isWireless: boolean
}

/** The relations of a network device. Empty if this sysfs belongs to another namespace. */
export function relationsOf(name: string): Relations {
  const relations: Relations = { above: [], beneath: [], isWireless: false }
  for (const entry of entriesOf(`/sys/class/net/${name}`)) {
    if (entry.startsWith(UPPER)) relations.above.push(entry.slice(UPPER.length))
    if (entry.startsWith(LOWER)) relations.beneath.push(entry.slice(LOWER.length))
    if (entry === RADIO) relations.isWireless = true
  }
  return relations
}

/**
 * Whether a device is a port of another one, and both have one MAC. A vlan is no port: it was made on
 * the other device.
 */
export function isPortOf(name: string, master: { name: string; hardwareAddress: string }): boolean {
  try {
    const directory = `/sys/class/net/${name}`
    const above = readlinkSync(pathOfText(`${directory}/master`))
      .split('/')
      .at(-1)
    const address = readFileSync(pathOfText(`${directory}/address`), 'utf8').trim()
    return above === master.name && address === master.hardwareAddress
  } catch {
    return false
  }
}

/** The name of the radio of a wireless device. */
export function radioName(name: string): string {
  const link = readlinkSync(pathOfText(`/sys/class/net/${name}/${RADIO}`))
  return link.split('/').at(-1) ?? ''
}

/** The name of the driver that a device is bound to; undefined if none. */
export function driverOf(directory: string): string | undefined {
  try {
    return readlinkSync(`${directory}/driver`).split('/').at(-1)
  } catch {
    return undefined
  }
}

function existing(directory: string): string | undefined {
  return existsSync(directory) ? directory : undefined
}

/** What is in a directory; nothing where there is none. */
export function entriesOf(directory: string): string[] {
  try {
    return readdirSync(pathOfText(directory))
  } catch {
    return []
  }
}
