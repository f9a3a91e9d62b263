import type { AttachmentRecord } from '../attachments/record-schema.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { warn } from '../log.js'
import { restoreHostState } from '../state/restore.js'

/**
 * Gives a device that is home the state it had there. What is not possible any more is
 * told, not failed for.
 */
export function restoreState(host: NetworkNamespace, home: Link, record: AttachmentRecord): void {
  const { device, state, lentAt } = record
  for (const { what, reason } of restoreHostState(host, home, device.onHost, state, lentAt))
    warn(`${home.name} is home without ${what}: ${reason}`)
}
