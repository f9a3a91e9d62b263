import { readFileSync } from 'node:fs'
import type { HostNetworkState } from '../state/schema.js'
import { isOfThisBoot } from './record.js'
import type { AttachmentRecord } from './record-schema.js'

/**
 * When a state was captured. The time of day may be set meanwhile, and leases must not become longer
 * or shorter by that: where anything has a lifetime, the uptime is noted, too.
 */
export function captureTime(state: HostNetworkState): { lentAt: number; lentAtUptime?: number } {
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
