import { readFileSync } from 'node:fs'
import type { AttachmentRecord } from './record-schema.js'

/** What identifies an attachment. */
export interface AttachmentKey {
  containerId: string
  /** CNI_IFNAME: what the runtime calls the interface. */
  interfaceName: string
  /** What the interface is called in the sandbox: the same, unless `ifName` names another. */
  nameInSandbox: string
}

/** What the records of attachments, of captured state and of gVisor have in common. */
export interface AnyRecord {
  format: number
  containerId: string
  interfaceName: string
  network: string
  bootId?: string
}

/** The key of a record of an attachment or of captured state. */
export function keyOf({ containerId, interfaceName, device }: AttachmentRecord): AttachmentKey {
  return { containerId, interfaceName, nameInSandbox: device.nameInSandbox }
}

/**
 * The name of an attachment, of its record and of its lock. No part can contain a colon. A
 * chain may bring several devices for one CNI_IFNAME, under names of their own.
 */
export function attachmentName(key: AttachmentKey): string {
  const { containerId, interfaceName, nameInSandbox } = key
  const own = nameInSandbox === interfaceName ? '' : `:${nameInSandbox}`
  return `${containerId}:${interfaceName}${own}`
}

/**
 * Whether a record was written since the node booted. After a reboot all devices are on the
 * host, all sandboxes are gone, and their indexes and paths may belong to others. A record
 * without a boot id counts as new.
 */
export function isOfThisBoot({ bootId: recorded = '' }: Pick<AnyRecord, 'bootId'>): boolean {
  const current = bootId()
  return recorded === '' || current === '' || recorded === current
}

let known: string | undefined

/** The kernel's boot id, different after each boot; empty where it cannot be read. */
export function bootId(): string {
  known ??= readBootId()
  return known
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
