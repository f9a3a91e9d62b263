import { driverOf, pciDirectory } from '../kernel/sysfs.js'
import type { DeviceChoice } from './device-choice.js'

/** Drivers that hand a NIC to a program: the kernel has no network device for it then. */
const USERSPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio']

/**
 * Whether the choice is a PCI device that is bound to a userspace driver, and
 * nothing that would have to be a network device.
 */
export function isForUserspace({ pciBusID, deviceID, ...others }: DeviceChoice): boolean {
  if (Object.values(others).some((value) => value !== undefined)) return false
  return [pciBusID, deviceID].some((id) => {
    const directory = id === undefined ? undefined : pciDirectory(id)
    return directory !== undefined && userspaceDriverIn(directory) !== undefined
  })
}

/** The userspace driver that a device in sysfs is bound to; undefined for any other driver. */
export function userspaceDriverIn(directory: string): string | undefined {
  const driver = driverOf(directory)
  return USERSPACE_DRIVERS.find((name) => name === driver)
}
