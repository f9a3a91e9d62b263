import type { AttachmentRecord } from '../attachments/record-schema.js'
import { isIdentical, locate } from '../device/lent-device.js'
import type { LentDevice } from '../device/lent-device-schema.js'
import { returnDevice } from '../device/return-device.js'
import { searchNode } from '../device/search-node.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'

/**
 * Finds a lent device, wherever it is on this node, and returns it to the host.
 * @param sandbox undefined where it is gone
 * @param bringUp whether it comes up at once, if it was up
 * @param others the other records: a device that was lent again is not to be taken away
 * @returns the device on the host; undefined where it is nowhere, having gone with its
 *   sandbox, as virtual devices do
 * @throws Failure `return-failed`
 */
export function bringHome(
  host: NetworkNamespace,
  sandbox: NetworkNamespace | undefined,
  { device }: AttachmentRecord,
  bringUp: boolean,
  others: () => AttachmentRecord[],
): Link | undefined {
  freeName(host, device, others)
  const whereabouts = locate(device, sandbox ? [host, sandbox] : [host])
  if (whereabouts) return returnDevice(host, device, whereabouts, bringUp)
  if (others().some((other) => isSameLoan(other, device.onHost))) return undefined
  return searchNode(host, device, (elsewhere) => returnDevice(host, device, elsewhere, bringUp))
}

/**
 * Two devices may be lent under each other's names. When both sandboxes die, each has
 * the other's name on the host; whoever comes home first must be let in.
 */
function freeName(
  host: NetworkNamespace,
  { onHost }: LentDevice,
  others: () => AttachmentRecord[],
): void {
  const holder = findLink(host.socket, { name: onHost.name })
  if (!holder || isIdentical(holder, onHost)) return
  const isAstray = others().some(
    (other) => isSameLoan(other, holder) && other.device.onHost.name !== holder.name,
  )
  if (isAstray) changeLink(host.socket, holder.index, { name: `lent${holder.index}` })
}

function isSameLoan({ mode, device }: AttachmentRecord, link: Link): boolean {
  return mode === 'move' && isIdentical(device.onHost, link)
}
