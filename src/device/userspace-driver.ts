import { driverOf, pciDirectory } from '../kernel/sysfs.js'
import type { DeviceChoice } from './device-choice.js'

/** Drivers that hand a NIC to a program: the kernel has no network device for it then. */
const USERSPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio']

/** The userspace driver that the chosen PCI device is bound to; undefined for any other device. */
export function userspaceDriverOf({ pciBusID, deviceID }: DeviceChoice): string | undefined {
  const directory = [pciBusID, deviceID]
    .map((id) => (id === undefined ? undefined : pciDirectory(id)))
    .find((path) => path !== undefined)
  return directory === undefined ? undefined : userspaceDriverIn(directory)
}

/** The same, of a device in sysfs. */
export function userspaceDriverIn(directory: string): string | undefined {
  const driver = driverOf(directory)
  return USERSPACE_DRIVERS.find((name) => name === driver)
}
