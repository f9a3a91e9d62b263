import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink, findLinksByHardwareAddress } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { auxiliaryDirectory, networkDevicesOf, pciDirectory, relationsOf } from '../kernel/sysfs.js'
import {
  type DeviceSelector,
  MAC,
  SELECTOR_KEYS,
  type SelectorKey,
  userspaceDriverOf,
} from './selector.js'

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
export function findSelectedDevice(host: NetworkNamespace, selector: DeviceSelector): Link {
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
      return nameByHardwareAddress(host, value, meant)
    case 'kernelpath':
      return named(kernelPath(value), value)
    case 'pciBusID':
      return named(pciDirectory(value), `pci device ${value}`)
    case 'deviceID':
      return named(directoryOfDeviceId(value), `device ${value}`)
  }
}

function nameByHardwareAddress(
  host: NetworkNamespace,
  address: string,
  meant: string | undefined,
): string {
  requireMac(address)
  const links = findLinksByHardwareAddress(host.socket, address)
  // Of a pair with one MAC, such as a synthetic NIC and the virtual function beneath it, the upper one.
  const isBeneath = ({ name }: Link) => {
    const uppers = relationsOf(name).above
    return links.some((other) => uppers.includes(other.name))
  }
  const names = links.filter((one) => !isBeneath(one)).map(({ name }) => name)
  const what = `MAC address ${address}`
  const name = onlyOne(host, { names, elsewhere: 0 }, what, meant)
  if (name !== undefined) return name
  throw notFound(`failed to find physical interface with the ${what}`)
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
  const name = onlyOne(host, directory ? networkDevicesOf(directory) : NONE, what, meant)
  if (name !== undefined) return name
  throw notFound(`no net directory under ${what}`)
}

/**
 * The one device that there is, or of several the one that "device" means.
 * @throws Failure `configuration-invalid` if that does not say which
 */
function onlyOne(
  host: NetworkNamespace,
  { names, elsewhere }: { names: string[]; elsewhere: number },
  what: string,
  meant: string | undefined,
): string | undefined {
  if (names.length === 0 || (names.length === 1 && elsewhere === 0)) return names[0]
  const wanted = meant === undefined ? undefined : findLink(host.socket, { name: meant })?.name
  if (wanted !== undefined && names.includes(wanted)) return wanted
  const more = elsewhere === 0 ? '' : `, and ${elsewhere} that the host does not have at present`
  throw invalid(
    `${what} has several network devices: ${names.join(', ')}${more}; "device" beside it says which`,
  )
}

const NONE = { names: [], elsewhere: 0 }

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
