import type { LentDevice } from './lent-device-schema.js'
import { type DeviceSelector, isEmptySelector, selects } from './selector.js'

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
