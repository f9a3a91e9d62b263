import type { AttachmentRecord } from '../attachments/record-schema.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { warn } from '../log.js'
import { restoreHostState } from '../network-state/restore.js'

/**
 * Gives a device that is home the state it had there. What is not possible any more is
 * told, not failed for.
 */
export function restoreState(host: Place, home: Link, record: AttachmentRecord): void {
  const { device, state, lentAt } = record
  for (const { what, reason } of restoreHostState(host, home, device.onHost, state, lentAt))
    warn(`${home.name} is home without ${what}: ${reason}`)
}
