import { existsSync } from 'node:fs'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { warnOfEach } from '../log.js'
import {
  OUTSTANDING_DIRECTORY,
  outstandingKeyOf,
  outstandingRecords,
} from '../records/attachments.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { joinedOutstanding, outstandingOf } from '../state/outstanding.js'
import type { Refusal } from '../state/refusal.js'
import { restoreHostState } from '../state/restore.js'

/**
 * Restores a device's state on the host. What the kernel may take later is recorded as outstanding.
 * @returns what the kernel refused
 */
export function restoreFromRecord(
  stateDir: string,
  host: NetworkNamespace,
  home: Link,
  record: AttachmentRecord,
): Refusal[] {
  const { device, state, lentAt } = record
  const { onHost } = device
  const refusals = restoreHostState(host, home, { onHost, state, lentAt })
  const left = outstandingOf({ onHost, state }, refusals)
  if (left) {
    const store = outstandingRecords(stateDir)
    const earlier = store.read(outstandingKeyOf(record))
    const whole = earlier ? joinedOutstanding({ ...earlier.device, ...earlier }, left) : left
    const { added: _, ...rest } = record
    store.write({ ...rest, device: { ...device, onHost: whole.onHost }, state: whole.state })
  }
  return refusals
}

/** A failure to restore is only a warning: the device itself is back on the host. */
export function restoreOrWarn(
  stateDir: string,
  host: NetworkNamespace,
  home: Link,
  record: AttachmentRecord,
): void {
  const refusals = restoreFromRecord(stateDir, host, home, record)
  warnOfEach(refusals.map((refusal) => `${home.name} is home without ${withReason(refusal)}`))
}

/** A refused part, why, and whether that is the end of it. */
export function withReason({ what, reason, again }: Refusal): string {
  return `${what}: ${reason}${again ? '; it is tried again with the next calls' : ''}`
}

/**
 * Restores what is outstanding of devices that are home, as far as the kernel takes it by now: a
 * route through two devices, say, once both are home. Nearly always nothing is, and then the code
 * for it is not loaded.
 * @param isMeant of which records the call is to fail, some times, if the kernel still has no memory
 *   or such; of the others it goes on
 * @throws Failure `return-failed`
 */
export async function settleOutstanding(
  stateDir: string,
  isMeant: (record: AttachmentRecord) => boolean = () => false,
): Promise<void> {
  if (!existsSync(`${stateDir}/${OUTSTANDING_DIRECTORY}`)) return
  const { settleAll } = await import('./settle.js')
  settleAll(stateDir, isMeant)
}
