import { findLentDevice } from '../device/lent-device.js'
import { returnDevice } from '../device/return.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import { captureRecords } from '../records/attachments.js'
import { lockAttachment } from '../records/lock.js'
import type { AttachmentKey } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { describeNeighbor } from '../state/describe.js'
import { toRestore } from '../state/reasons.js'
import { routeKey } from '../state/routes.js'
import type { Captured } from '../state/schema.js'
import { restoreOrWarn } from './outstanding.js'

/**
 * Removes a record captured for a later plugin of the chain. DEL runs in reverse order, so the
 * plugin that moved the device has already returned it.
 * @param restore whether to restore the host state of a device that is back from a move
 */
export function releaseCapture(stateDir: string, key: AttachmentKey, restore: boolean): void {
  const store = captureRecords(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const record = restore ? store.read(key) : undefined
  if (record) {
    using host = NetworkNamespace.host()
    const link = findLentDevice(host, record.device)
    if (link && hasBeenAway(host, link, record)) {
      const home = returnDevice(host, record.device, { namespace: host, link })
      restoreOrWarn(stateDir, host, home, record)
    }
  }
  store.remove(key)
}

/**
 * Whether a device has lost since the capture what every move takes: its addresses; its routes if it
 * had no address; its neighbour entries if it had neither. A device that has any of them never left,
 * such as the master of a macvlan, or was configured since: it stays as it is.
 */
function hasBeenAway(
  { socket }: NetworkNamespace,
  { index }: Link,
  { state }: AttachmentRecord,
): boolean {
  const { addresses, routes, neighbors } = state
  return (
    areGone(
      addresses,
      ({ local }) => local,
      () => dumpAddresses(socket, index),
    ) ??
    areGone(routes, routeKey, () => dumpRoutes(socket, { device: index })) ??
    areGone(neighbors, describeNeighbor, () => dumpNeighbors(socket, index)) ??
    false
  )
}

/** Whether none of what a move takes is there; undefined if there was nothing to take. */
function areGone<T>(
  captured: Captured<T>[],
  keyOf: (value: T) => string,
  present: () => T[],
): boolean | undefined {
  const had = new Set(toRestore(captured).map(keyOf))
  return had.size === 0 ? undefined : !present().some((value) => had.has(keyOf(value)))
}
