import { pciDirectory } from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'
import type { DeviceSelector } from './selector.js'

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
  const parts = lent?.sysfsPath?.split('/') ?? []
  if (/^virtio\d+$/.test(parts.at(-1) ?? '')) parts.pop()
  const last = parts.at(-1) ?? ''
  return PCI_ADDRESS.test(last) ? last : undefined
}
