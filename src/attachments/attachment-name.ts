import type { AttachmentKey } from './record-schema.js'

/** The name of an attachment: of its record, of its lock, in lists. Neither part can contain the colon. */
export function attachmentName({ containerId, interfaceName }: AttachmentKey): string {
  return `${containerId}:${interfaceName}`
}
