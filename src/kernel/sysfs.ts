import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'

const PCI_DEVICES = '/sys/bus/pci/devices'
const UPPER = 'upper_'
const AUXILIARY_DEVICES = '/sys/bus/auxiliary/devices'

/** The sysfs directory of a PCI device such as "0000:01:00.0"; undefined where there is none. */
export function pciDirectory(id: string): string | undefined {
  return existing(`${PCI_DEVICES}/${id}`)
}

/** The sysfs directory of an auxiliary device such as "mlx5_core.sf.4". */
export function auxiliaryDirectory(id: string): string | undefined {
  return existing(`${AUXILIARY_DEVICES}/${id}`)
}

/**
 * The network device that hangs on a device of another bus. It is only there while
 * it is in the namespace that this sysfs shows.
 * @returns its name; undefined where there is none
 */
export function networkDeviceOf(directory: string): string | undefined {
  const [own] = entriesOf(`${directory}/net`)
  if (own !== undefined) return own
  // A virtio NIC has one device more in between.
  const virtio = entriesOf(directory).find((name) => name.startsWith('virtio'))
  return virtio === undefined ? undefined : entriesOf(`${directory}/${virtio}/net`)[0]
}

/**
 * Where the device that a network device hangs on is under /sys/devices; undefined for
 * a virtual one, and where this sysfs shows another namespace.
 */
export function sysfsPathOf(name: string): string | undefined {
  try {
    return realpathSync(`/sys/class/net/${name}/device`)
  } catch {
    return undefined
  }
}

/**
 * The devices that are stacked on a network device: a bridge or bond it is in, a
 * vlan or macvlan made on it. None where this sysfs shows another namespace.
 */
export function devicesOn(name: string): string[] {
  return entriesOf(`/sys/class/net/${name}`)
    .filter((entry) => entry.startsWith(UPPER))
    .map((entry) => entry.slice(UPPER.length))
}

/** The name of the driver that a device is bound to; undefined where it is to none. */
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

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
