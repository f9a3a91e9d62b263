import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLinkByHardwareAddress } from '../kernel/netlink/link.js'
import { auxiliaryDirectory, networkDeviceOf, pciDirectory } from '../kernel/sysfs.js'
import { userspaceDriverIn } from './userspace-driver.js'

/** The ways to say which device is meant; the names are those of host-device's keys. */
export interface DeviceChoice {
  device?: string | undefined
  hwaddr?: string | undefined
  kernelpath?: string | undefined
  pciBusID?: string | undefined
  /** What a device plugin gives each pod: of a PCI or an auxiliary device. */
  deviceID?: string | undefined
}

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/

/**
 * The name of the device that one key stands for.
 * @throws Failure `configuration-invalid` for a value that cannot be,
 *   `device-not-found`, or `device-refused` for one bound to a userspace driver
 */
export function nameOfChoice(
  host: NetworkNamespace,
  key: keyof DeviceChoice,
  value: string,
): string {
  switch (key) {
    case 'device':
      return value
    case 'hwaddr':
      return nameByHardwareAddress(host, value)
    case 'kernelpath':
      return nameByKernelPath(value)
    case 'pciBusID':
      return nameByDirectory(pciDirectory(value), `pci device ${value}`)
    case 'deviceID':
      return nameByDeviceId(value)
  }
}

function nameByHardwareAddress(host: NetworkNamespace, value: string): string {
  const address = value.toLowerCase().replaceAll('-', ':')
  if (!MAC.test(address))
    throw invalid(`failed to parse MAC address ${JSON.stringify(value)}: invalid MAC address`)
  const link = findLinkByHardwareAddress(host.socket, address)
  if (link) return link.name
  throw notFound(`failed to find physical interface with the MAC address ${address}`)
}

function nameByKernelPath(path: string): string {
  if (!path.startsWith('/sys/devices/') || path.split('/').includes('..'))
    throw invalid(
      `kernel device path ${JSON.stringify(path)} must be absolute and begin with /sys/devices/`,
    )
  return nameByDirectory(path, path)
}

function nameByDeviceId(id: string): string {
  const directory = pciDirectory(id) ?? auxiliaryDirectory(id)
  if (!directory)
    throw new Failure('device-not-found', `runtime config DeviceID ${id} not found or unsupported`)
  return nameByDirectory(directory, `device ${id}`)
}

function nameByDirectory(directory: string | undefined, what: string): string {
  const driver = directory && userspaceDriverIn(directory)
  if (driver)
    throw new Failure(
      'device-refused',
      `cannot lend ${what}: it is bound to ${driver}, so the host has no network device for it`,
    )
  const name = directory && networkDeviceOf(directory)
  if (name) return name
  throw notFound(`no net directory under ${what}`)
}

function invalid(reason: string): Failure {
  return new Failure('configuration-invalid', `failed to find host device: ${reason}`)
}

/** That the device a configuration means is not on the host. */
export function notFound(reason: string): Failure {
  return new Failure(
    'device-not-found',
    `failed to find host device: ${reason}`,
    'nothing was changed; a device that is lent is in its sandbox, not on the host',
  )
}
