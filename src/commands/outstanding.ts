import { existsSync } from 'node:fs'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { PresentLink } from '../kernel/netlink/link-schema.js'
import { warnOfEach } from '../log.js'
import {
  OUTSTANDING_DIRECTORY,
  outstandingKeyOf,
  outstandingRecords,
} from '../records/attachments.js'
import { elapsedSeconds } from '../records/record.js'
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
  home: PresentLink,
  record: AttachmentRecord,
): Refusal[] {
  const { device, state } = record
  const { onHost } = device
  const refusals = restoreHostState(host, home, {
    onHost,
    state,
    elapsedSeconds: elapsedSeconds(record),
  })
  const left = outstandingOf({ onHost, state }, refusals)
  if (left)
    addOutstanding(stateDir, {
      ...record,
      device: { ...device, onHost: left.onHost },
      state: left.state,
    })
  return refusals
}

/** Records what is to be restored of a device once that is possible, with what is outstanding of it. */
export function addOutstanding(stateDir: string, record: AttachmentRecord): void {
  const { device, state } = record
  const store = outstandingRecords(stateDir)
  const earlier = store.read(outstandingKeyOf(record))
  const left = { onHost: device.onHost, state }
  const whole = earlier ? joinedOutstanding({ ...earlier.device, ...earlier }, left) : left
  const { added: _, ...rest } = record
  store.write({ ...rest, device: { ...device, onHost: whole.onHost }, state: whole.state })
}

/** A failure to restore is only a warning: the device itself is back on the host. */
export function restoreOrWarn(
  stateDir: string,
  host: NetworkNamespace,
  home: PresentLink,
  record: AttachmentRecord,
): void {
  const refusals = restoreFromRecord(stateDir, host, home, record)
  warnOfEach(refusals.map((refusal) => `${home.name} is home without ${withReason(refusal)}`))
}

/** A refused part, the reason, and whether it is tried again. */
export function withReason({ what, reason, again }: Refusal): string {
  return `${what}: ${reason}${again ? '; it is tried again with the next calls' : ''}`
}

/** How a call restores what is outstanding. */
export interface Settling {
  /** Whether to look for devices that are not on the host; default false: a pod waits for its ADD. */
  searchAway?: boolean
  /**
   * The records for which the call fails if the kernel refuses for a reason that passes, such as a lack of
   * memory; default none. For the others the call goes on.
   */
  failFor?: (record: AttachmentRecord) => boolean
}

/**
 * Restores what is outstanding of devices that are home, as far as the kernel takes it by now. A
 * route through two devices, for example, comes back once both are home. Nearly always nothing is
 * outstanding. The code for it is then not loaded.
 * @throws Failure `return-failed`
 */
export async function settleOutstanding(stateDir: string, settling: Settling = {}): Promise<void> {
  if (!existsSync(`${stateDir}/${OUTSTANDING_DIRECTORY}`)) return
  const { settleAll } = await import('./settle-outstanding.js')
  settleAll(stateDir, settling)
}
