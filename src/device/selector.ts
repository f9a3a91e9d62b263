import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink, findLinksByHardwareAddress } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import {
  auxiliaryDirectory,
  driverOf,
  networkDevicesOf,
  pciDirectory,
  relationsOf,
} from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'

/** The keys that select a device, with the names that host-device uses. */
export const SELECTOR_KEYS = ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'deviceID'] as const
type SelectorKey = (typeof SELECTOR_KEYS)[number]

/** Selects a device. If several keys are given, all must select the same device. */
export type DeviceSelector = { [key in SelectorKey]?: string }

/** Drivers that give a NIC to a userspace program. Such a NIC has no network device. */
const USERSPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio']

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/

/**
 * Makes a selector from the configuration's values. An empty value counts as absent, as in
 * host-device.
 */
export function parseSelector(
  values: {
    [key in SelectorKey]?: string | undefined
  },
): DeviceSelector {
  const given = SELECTOR_KEYS.flatMap((key) => {
    const value = values[key]
    return value ? [[key, key === 'hwaddr' ? parseMac(value) : value] as const] : []
  })
  return Object.fromEntries(given)
}

/** Whether a selector has no key, and so selects no device. */
export function isEmptySelector(selector: DeviceSelector): boolean {
  return Object.keys(selector).length === 0
}

/** The name of the loopback device in every namespace. */
const LOOPBACK = 'lo'

/**
 * Checks a value of a selector without a host.
 * @throws Failure `configuration-invalid`, `device-refused` if it selects no device that can be lent
 *   on any host
 */
export function requirePossible(key: SelectorKey, value: string): void {
  if (key === 'device' && value === LOOPBACK) throw loopback(value)
  if (key === 'hwaddr') requireMac(value)
  if (key === 'kernelpath') kernelPath(value)
}

/**
 * Finds the host device that a selector selects.
 * @throws Failure `configuration-invalid` if no key is given, a value is invalid or two keys select
 *   different devices; `device-not-found`; `device-refused` for a device that cannot be lent
 */
export function findDevice(host: NetworkNamespace, selector: DeviceSelector): Link {
  const found = SELECTOR_KEYS.flatMap((key) => {
    const value = selector[key]
    return value === undefined ? [] : [{ key, link: findByKey(host, key, value, selector.device) }]
  })
  const [first, ...others] = found
  if (!first)
    throw new Failure(
      'configuration-invalid',
      'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
    )
  const other = others.find(({ link }) => link.index !== first.link.index)
  if (other)
    throw new Failure(
      'configuration-invalid',
      `"${first.key}" means ${first.link.name}, but "${other.key}" means ${other.link.name}`,
    )
  return first.link
}

/**
 * Whether a selector selects a lent device. Used when the device is not on the host and cannot be
 * read there.
 */
export function selects(
  { device, hwaddr, kernelpath, pciBusID, deviceID }: DeviceSelector,
  { onHost, sysfsPath }: LentDevice,
): boolean {
  const isOnBus = (id: string | undefined) =>
    id !== undefined &&
    (sysfsPath?.split('/').includes(id) || onHost.parentDevice?.endsWith(`/${id}`)) === true
  return (
    (device !== undefined && [onHost.name, ...onHost.alternativeNames].includes(device)) ||
    (hwaddr !== undefined && onHost.hardwareAddress === hwaddr) ||
    (kernelpath !== undefined && `${sysfsPath}/`.startsWith(kernelpath.replace(/\/*$/, '/'))) ||
    isOnBus(pciBusID) ||
    isOnBus(deviceID)
  )
}

/**
 * Whether a selector selects the hardware of a lent device: its place on a bus, or its permanent
 * MAC. A pod can give its own devices any name, alias and MAC.
 */
export function selectsHardware(
  { device: _, ...selector }: DeviceSelector,
  { onHost, ...rest }: LentDevice,
): boolean {
  // A device that hangs on no bus may have taken its permanent MAC from another one.
  if (onHost.parentDevice === undefined) return false
  const { permanentAddress = '' } = onHost
  return selects(selector, { ...rest, onHost: { ...onHost, hardwareAddress: permanentAddress } })
}

/**
 * Whether a selector selects only a PCI device bound to a userspace driver. Any other selector key
 * needs a network device.
 */
export function isForUserspace({ pciBusID, deviceID, ...others }: DeviceSelector): boolean {
  if (Object.values(others).some((value) => value !== undefined)) return false
  return [pciBusID, deviceID].some((id) => {
    const directory = id === undefined ? undefined : pciDirectory(id)
    return directory !== undefined && userspaceDriverOf(directory) !== undefined
  })
}

function findByKey(
  host: NetworkNamespace,
  key: SelectorKey,
  value: string,
  meant: string | undefined,
): Link {
  const name = nameByKey(host, key, value, meant)
  const device = findLink(host.socket, { name })
  if (device?.loopback) throw loopback(device.name)
  if (device) return device
  throw notFound(`Link not found: there is no device ${JSON.stringify(name)} on the host`)
}

/** @param meant the value of "device", which tells several devices of one place apart */
function nameByKey(
  host: NetworkNamespace,
  key: SelectorKey,
  value: string,
  meant: string | undefined,
): string {
  const named = (directory: string | undefined, what: string) =>
    nameByDirectory(host, directory, what, meant)
  switch (key) {
    case 'device':
      return value
    case 'hwaddr':
      return nameByHardwareAddress(host, value)
    case 'kernelpath':
      return named(kernelPath(value), value)
    case 'pciBusID':
      return named(pciDirectory(value), `pci device ${value}`)
    case 'deviceID':
      return named(directoryOfDeviceId(value), `device ${value}`)
  }
}

function nameByHardwareAddress(host: NetworkNamespace, address: string): string {
  requireMac(address)
  const links = findLinksByHardwareAddress(host.socket, address)
  // Of a pair with one MAC, such as a synthetic NIC and the virtual function beneath it, the upper one.
  const isBeneath = ({ name }: Link) => {
    const uppers = relationsOf(name).above
    return links.some((other) => uppers.includes(other.name))
  }
  const link = links.find((one) => !isBeneath(one)) ?? links[0]
  if (link) return link.name
  throw notFound(`failed to find physical interface with the MAC address ${address}`)
}

function requireMac(address: string): void {
  if (!MAC.test(address))
    throw invalid(`failed to parse MAC address ${JSON.stringify(address)}: invalid MAC address`)
}

function kernelPath(path: string): string {
  if (!path.startsWith('/sys/devices/') || path.split('/').includes('..'))
    throw invalid(
      `kernel device path ${JSON.stringify(path)} must be absolute and begin with /sys/devices/`,
    )
  return path
}

function directoryOfDeviceId(id: string): string {
  const directory = pciDirectory(id) ?? auxiliaryDirectory(id)
  if (!directory)
    throw new Failure('device-not-found', `runtime config DeviceID ${id} not found or unsupported`)
  return directory
}

function nameByDirectory(
  host: NetworkNamespace,
  directory: string | undefined,
  what: string,
  meant: string | undefined,
): string {
  const driver = directory && userspaceDriverOf(directory)
  if (driver)
    throw new Failure(
      'device-refused',
      `cannot lend ${what}: it is bound to ${driver}, so the host has no network device for it`,
    )
  const { names, elsewhere } = directory ? networkDevicesOf(directory) : NONE
  const [first, ...others] = names
  if (first === undefined) throw notFound(`no net directory under ${what}`)
  if (others.length === 0 && elsewhere === 0) return first
  const wanted = meant === undefined ? undefined : findLink(host.socket, { name: meant })?.name
  if (wanted !== undefined && names.includes(wanted)) return wanted
  const more = elsewhere === 0 ? '' : `, and ${elsewhere} that the host does not have at present`
  throw invalid(
    `${what} has several network devices: ${names.join(', ')}${more}; "device" beside it says which`,
  )
}

const NONE = { names: [], elsewhere: 0 }

/** The userspace driver that a device in sysfs is bound to; undefined for any other driver. */
function userspaceDriverOf(directory: string): string | undefined {
  const driver = driverOf(directory)
  return USERSPACE_DRIVERS.find((name) => name === driver)
}

/** A MAC address as the kernel writes it: lower case, with colons. Anything else stays as it is. */
function parseMac(value: string): string {
  const address = value.toLowerCase().replaceAll('-', ':')
  return MAC.test(address) ? address : value
}

function loopback(name: string): Failure {
  return new Failure(
    'device-refused',
    `cannot lend ${name}: every sandbox has a loopback device of its own`,
  )
}

function invalid(reason: string): Failure {
  return new Failure('configuration-invalid', `failed to find host device: ${reason}`)
}

function notFound(reason: string): Failure {
  return new Failure(
    'device-not-found',
    `failed to find host device: ${reason}`,
    'nothing was changed; a device that is lent is in its sandbox, not on the host',
  )
}
