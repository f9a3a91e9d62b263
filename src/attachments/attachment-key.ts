import type { AttachmentRecord } from './record-schema.js'

/** What tells one attachment from another. */
export interface AttachmentKey {
  containerId: string
  /** What the runtime calls the interface. */
  interfaceName: string
  /** What it is called in the sandbox: the same, unless the configuration says otherwise. */
  nameInSandbox: string
}

export function keyOf({ containerId, interfaceName, device }: AttachmentRecord): AttachmentKey {
  return { containerId, interfaceName, nameInSandbox: device.nameInSandbox }
}

/**
 * The name of an attachment: of its record, of its lock. No part can contain a
 * colon. A chain may bring several devices for one interface of the runtime's;
 * those under names of their own say so.
 */
export function attachmentName(key: AttachmentKey): string {
  const { containerId, interfaceName, nameInSandbox } = key
  const own = nameInSandbox === interfaceName ? '' : `:${nameInSandbox}`
  return `${containerId}:${interfaceName}${own}`
}
