import { readFileSync } from 'node:fs'
import type { PackedState } from '../state/schema.js'
import type { AttachmentRecord } from './record-schema.js'

/** Identifies an attachment. */
export interface AttachmentKey {
  containerId: string
  /** CNI_IFNAME, the runtime's name for the interface. */
  interfaceName: string
  /** Name in the sandbox: `ifName` of the configuration, else `interfaceName`. */
  nameInSandbox: string
}

/** Fields that attachment records, capture records and gVisor records have in common. */
export interface AnyRecord {
  format: number
  containerId: string
  interfaceName: string
  network: string
  bootId?: string
}

/** The key of an attachment record or a capture record. */
export function keyOf({ containerId, interfaceName, device }: AttachmentRecord): AttachmentKey {
  return { containerId, interfaceName, nameInSandbox: device.nameInSandbox }
}

/** Whether an attachment has moved a device: the others are about another plugin's interface. */
export function isLoan({ mode }: AttachmentRecord): boolean {
  return mode === 'move'
}

/**
 * File name of an attachment's record and lock: `CONTAINERID:IFNAME`, and `:NAME` if the name in
 * the sandbox differs. Several devices in one chain share CNI_IFNAME, so the name tells them apart.
 * None of the parts can contain a colon.
 */
export function attachmentName(key: AttachmentKey): string {
  const { containerId, interfaceName, nameInSandbox } = key
  const own = nameInSandbox === interfaceName ? '' : `:${nameInSandbox}`
  const name = `${containerId}:${interfaceName}${own}`
  if (Buffer.byteLength(name) <= MOST_NAME_BYTES) return name
  const start = containerId.slice(0, MOST_NAME_BYTES / 2)
  return `${start}~${hashOf(containerId)}:${interfaceName}${own}`
}

/** Maximum size of a file's name, less the endings `.json` and `.new`. */
const MOST_NAME_BYTES = 246

/** FNV-1a of 128 bits, in hexadecimal: a runtime chooses the ids, and nobody hostile. */
function hashOf(text: string): string {
  let hash = 0x6c62272e07bb014262b821756295c58dn
  for (const byte of Buffer.from(text))
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * 0x1000000000000000000013bn)
  return hash.toString(16).padStart(32, '0')
}

/**
 * Whether a record was written since the node booted. After a reboot every device is on the host
 * and every sandbox is gone. The indexes and paths in an old record may then belong to something
 * else. A record without a boot id counts as one of this boot.
 */
export function isOfThisBoot({ bootId: recorded = '' }: Pick<AnyRecord, 'bootId'>): boolean {
  const current = bootId()
  return recorded === '' || current === '' || recorded === current
}

let known: string | undefined

/** The kernel's boot id, different after each boot; empty if it cannot be read. */
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

/**
 * When a state was captured. The time of day may be set meanwhile, and leases must not become longer
 * or shorter by that: where anything has a lifetime, the uptime is noted, too.
 */
export function captureTime(state: PackedState): { lentAt: number; lentAtUptime?: number } {
  const lentAt = Math.floor(Date.now() / 1000)
  const hasLifetime =
    state.addresses.some(({ value }) => value.validSeconds !== undefined) ||
    state.addresses.some(({ value }) => value.preferredSeconds !== undefined) ||
    state.routes.some(({ value }) => value.expiresSeconds !== undefined)
  const uptime = hasLifetime ? readUptime() : undefined
  return uptime === undefined ? { lentAt } : { lentAt, lentAtUptime: uptime }
}

/** Whole seconds since a record's state was captured. */
export function elapsedSeconds(
  record: Pick<AttachmentRecord, 'lentAt' | 'lentAtUptime' | 'bootId'>,
): number {
  const { lentAt, lentAtUptime } = record
  const uptime = lentAtUptime !== undefined && isOfThisBoot(record) ? readUptime() : undefined
  return uptime === undefined || lentAtUptime === undefined
    ? Math.floor(Date.now() / 1000) - lentAt
    : uptime - lentAtUptime
}

/** Whole seconds since the node booted, those in which it was suspended included. */
function readUptime(): number | undefined {
  try {
    return Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]))
  } catch {
    return undefined
  }
}
