import { describeLentDevice, isSameDevice } from '../device/lent-device.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { attachmentRecords, loansIn, outstandingRecords } from '../records/attachments.js'
import { unpacked } from '../state/packed.js'
import type { HostNetworkState } from '../state/schema.js'
import { through } from '../state/through.js'
import type { Call } from './call.js'

/**
 * The states of the devices that are lent, and what is outstanding of devices that are home: they have
 * the routes for which the host has stand-ins.
 * @param onHost the device that is looked at, which may have come home with another index
 */
export function statesAway(
  { configuration: { stateDir } }: Call,
  host: NetworkNamespace,
  onHost: Link,
): HostNetworkState[] {
  const looked = describeLentDevice(host, onHost, '')
  const records = [...loansIn(attachmentRecords(stateDir)), ...outstandingRecords(stateDir).list()]
  return records.map(({ device, state: packed }) => {
    const state = unpacked(packed)
    if (!isSameDevice(device, looked)) return state
    const routes = state.routes.map((one) => ({
      ...one,
      value: through(device.onHost, onHost, one.value),
    }))
    return { ...state, routes }
  })
}
