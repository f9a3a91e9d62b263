import { RETURN_SECONDS, timeToFinish } from '../deadline.js'
import { findOnHost, isLentDevice, loanOf } from '../device/lent-device.js'
import { returnRdma } from '../device/rdma-return.js'
import { findResembling } from '../device/resemblance.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { note, warn } from '../log.js'
import { enterPhase } from '../phases.js'
import { attachmentRecords, loansBesides } from '../records/attachments.js'
import { lockAttachment, lockDevice } from '../records/lock.js'
import { type AttachmentKey, isLoan, keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { keepWithoutDevice } from '../state/destroyed.js'
import { hasNeverLeft } from '../state/never-left.js'
import { removeStandIns } from '../state/own-parts.js'
import { takeOffAdditions } from './additions.js'
import { openRecorded } from './namespaces.js'
import { restoreOrWarn } from './outstanding.js'
import {
  type Loan,
  type Near,
  returnLentDevice,
  returnLocked,
  undoPreparations,
} from './return-lent.js'

/** Options for releasing an attachment. */
export interface ReleaseOptions {
  /** CNI_NETNS of the call; if absent or empty, the path in the record. */
  sandboxPath?: string
  /** Whether to restore the device's host state. */
  restore: boolean
  /** Leaves everything as it is unless the device is on the host already. */
  onlyFromHost?: boolean
}

/**
 * Returns the device of an attachment to the host under its own name, up if it was up, and removes
 * the record. What was added to the sandbox, or to another plugin's interface there, is taken off.
 * Succeeds if there is nothing to do.
 * @returns whether there was such an attachment, and it was released
 * @throws Failure; the device stays usable where it is, and a later DEL can try again
 */
export function releaseAttachment(
  stateDir: string,
  key: AttachmentKey,
  options: ReleaseOptions,
): boolean {
  const store = attachmentRecords(stateDir)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  const record = store.read(key)
  if (record) return releaseRecorded(stateDir, record, options)
  store.remove(key)
  return false
}

/**
 * Does the same for a record that the caller has read under the lock of its attachment.
 * @returns whether it was released
 * @throws Failure, like `releaseAttachment`
 */
export function releaseRecorded(
  stateDir: string,
  record: AttachmentRecord,
  { sandboxPath, restore, onlyFromHost = false }: ReleaseOptions,
): boolean {
  const store = attachmentRecords(stateDir)
  enterPhase('locks')
  using _device = lockDevice(stateDir, record.device.onHost)
  enterPhase('look')
  using _time = timeToFinish(RETURN_SECONDS)
  using host = NetworkNamespace.host()
  if (onlyFromHost && !findOnHost(host, record.device)) return false
  using sandbox = openRecorded(host, sandboxPath || record.sandboxPath, record)
  const loan = { host, sandbox, store, record }
  // Last: if the return fails, the device still needs its rules in the sandbox.
  if (isLoan(record))
    returnLocked(stateDir, loan, (near) => {
      endLoan(stateDir, loan, near, { restore })
      endAttachment(loan)
    })
  else endAttachment(loan)
  return true
}

/**
 * Brings the device home and gives it its state back, or leaves it as it comes home. One that is gone
 * leaves its routes to the host, unless another call has lent it again.
 */
function endLoan(
  stateDir: string,
  loan: Loan,
  near: Near,
  { restore }: Pick<ReleaseOptions, 'restore'>,
): void {
  const { host, sandbox, store, record } = loan
  const original = { ...record.device, ...record }
  const { located } = near
  // ADD was killed before the move: what the device is like now is not its pod's doing.
  if (located?.namespace === host && hasNeverLeft(host, located.link, original)) {
    undoPreparations(host, located.link, record)
    return
  }
  enterPhase('move')
  const home = returnLentDevice(loan, near, { restore })
  enterPhase('restore')
  if (!home) {
    if (isLentAgain(store, record)) return
    keepWithoutDevice(host, original)
    if (sandbox) warnOfResembling(sandbox, store, record)
    return
  }
  if (restore) restoreOrWarn(stateDir, host, home, record)
  else removeStandIns(host, original, home)
  // After the NIC, which comes home whatever becomes of this.
  returnRdma(host, sandbox, record.device, home)
}

/** Takes off the sandbox what was added there, and removes the record. */
function endAttachment({ sandbox, store, record }: Loan): void {
  enterPhase('restore')
  if (sandbox) takeOffAdditions(store, sandbox, record)
  enterPhase('record')
  const key = keyOf(record)
  store.remove(key)
  note('info', `ended the attachment of ${record.device.onHost.name}`, () => ({
    ...key,
    mode: record.mode,
    sandboxPath: record.sandboxPath,
  }))
}

function isLentAgain(store: RecordStore<AttachmentRecord>, record: AttachmentRecord): boolean {
  return loanOf(loansBesides(store, record), record.device) !== undefined
}

/**
 * Warns of what resembles a destroyed device in its sandbox. A pod can make such a device, so it stays;
 * but somebody may have changed the identity in the record.
 */
function warnOfResembling(
  sandbox: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
): void {
  const link = findResembling(sandbox, record.device)
  if (
    !link ||
    loansBesides(store, record).some(({ device }) => isLentDevice(sandbox, link, device))
  )
    return
  warn(
    `${record.device.onHost.name} counts as destroyed, but ${link.name} in ${sandbox.name} resembles it, and stays there: it has another inode in sysfs than the record says`,
  )
}
