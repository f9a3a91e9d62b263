import { driverOf, pciDirectory } from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'

/** The keys that select a device, with the names that host-device uses. */
export const SELECTOR_KEYS = ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'deviceID'] as const
export type SelectorKey = (typeof SELECTOR_KEYS)[number]

/** Selects a device. If several keys are given, all must select the same device. */
export type DeviceSelector = { [key in SelectorKey]?: string }

/** Drivers that give a NIC to a userspace program. Such a NIC has no network device. */
const USERSPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio']

/** A MAC address as the kernel writes it: lower case, with colons. */
export const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/

/**
 * Makes a selector from the configuration's values. An empty value counts as absent, as in
 * host-device.
 */
export function parseSelector(
  values: {
    [key in SelectorKey]?: string | undefined
  },
): DeviceSelector {
  const selector: DeviceSelector = {}
  for (const key of SELECTOR_KEYS) {
    const value = values[key]
    if (value) selector[key] = key === 'hwaddr' ? parseMac(value) : value
  }
  return selector
}

/** Whether a selector has no key, and so selects no device. */
export function isEmptySelector(selector: DeviceSelector): boolean {
  return Object.keys(selector).length === 0
}

/**
 * Whether a selector selects a lent device: each of its keys does, as on the host. Used when the device is
 * not on the host and cannot be read there.
 */
export function selects(selector: DeviceSelector, lent: LentDevice): boolean {
  const answers = answersOfKeys(selector, lent)
  return answers.length > 0 && !answers.includes(false)
}

/**
 * Whether a selector selects the hardware of a lent device: its place on a bus, or, if it has no key of
 * that, its permanent MAC. A pod can give its own devices any name, alias and MAC.
 */
export function selectsHardware(
  { device: _, hwaddr, ...place }: DeviceSelector,
  lent: LentDevice,
): boolean {
  // A device that hangs on no bus may have taken its permanent MAC from another one.
  const { parentDevice, permanentAddress } = lent.onHost
  if (parentDevice === undefined) return false
  if (!isEmptySelector(place)) return selects(place, lent)
  return hwaddr !== undefined && hwaddr === permanentAddress
}

/** Of each key of a selector, whether it would select a lent device if it were alone. */
export function answersOfKeys(selector: DeviceSelector, lent: LentDevice): boolean[] {
  const { onHost } = lent
  const places = placesOf(lent)
  const names = [...places, onHost.parentDevice].map((place) => place?.split('/').at(-1))
  return Object.entries(selector).map(([key, value]) => {
    if (key === 'device') return [onHost.name, ...onHost.alternativeNames].includes(value)
    if (key === 'hwaddr') return onHost.hardwareAddress === value
    if (key === 'kernelpath') return places.includes(value.replace(/\/*$/, ''))
    return names.includes(value)
  })
}

/**
 * Where the device is under /sys/devices that a network device hangs on, if any. One of virtio is the
 * only thing in the directory of its PCI device, which stands for it, too.
 */
function placesOf({ sysfsPath: path }: LentDevice): string[] {
  return path === undefined ? [] : [path, path.replace(/\/virtio\d+$/, '')]
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

const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/

/**
 * The PCI address of a device that is a PCI function of its own, such as a NIC or a VF; a virtio
 * device hangs between. Several auxiliary devices (subfunctions) share one, so they have none.
 * @param lent undefined if the host has no network device for it
 */
export function pciAddressOf(selector: DeviceSelector, lent?: LentDevice): string | undefined {
  const { pciBusID, deviceID } = selector
  const selected = [pciBusID, deviceID].find((id) => id && pciDirectory(id) !== undefined)
  if (selected !== undefined) return selected
  const last = (lent && placesOf(lent).at(-1)?.split('/').at(-1)) ?? ''
  return PCI_ADDRESS.test(last) ? last : undefined
}

/** The userspace driver that a device in sysfs is bound to; undefined for any other driver. */
export function userspaceDriverOf(directory: string): string | undefined {
  const driver = driverOf(directory)
  return USERSPACE_DRIVERS.find((name) => name === driver)
}

/** A MAC address as the kernel writes it. Anything else stays as it is. */
function parseMac(value: string): string {
  const address = value.toLowerCase().replaceAll('-', ':')
  return MAC.test(address) ? address : value
}
