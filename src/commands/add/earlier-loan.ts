import { Failure } from '../../failure.js'
import { releaseLockedGvisorRecord } from '../../gvisor/release.js'
import { warn } from '../../log.js'
import { describeLoan } from '../../records/describe-loan.js'
import { type AttachmentKey, isLoan } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import type { Call } from '../call.js'
import { releaseRecorded } from '../release.js'

/**
 * The record that there is under an attachment. A loan whose device is on the host again ends before,
 * and the device gets its state back: the record of this ADD takes the place of the one that says what
 * is still to be restored and what is to be taken off the sandbox. `restoreOnDelete` is for the DEL of
 * this loan, not for the earlier one. The caller has the lock of the attachment.
 * @throws Failure `return-failed`
 */
export async function earlierRecord(
  { configuration }: Call,
  store: RecordStore<AttachmentRecord>,
  key: AttachmentKey,
): Promise<AttachmentRecord | undefined> {
  const earlier = store.read(key)
  if (!earlier || !isLoan(earlier)) return earlier
  const { stateDir } = configuration
  if (!releaseRecorded(stateDir, earlier, { restore: true, onlyFromHost: true })) return earlier
  warnOfReturn(earlier)
  await releaseLockedGvisorRecord(stateDir, key)
  return undefined
}

/**
 * Refuses to lend a second device under the same attachment: it would overwrite the first one's
 * record.
 * @throws Failure `busy`
 */
export function requireNoLoan(earlier: AttachmentRecord | undefined): void {
  if (earlier && isLoan(earlier)) throw lentAlready(earlier)
}

/**
 * Refuses to apply anything under the attachment of a device that was moved, for the same reason.
 * @throws Failure `configuration-invalid`
 */
export function requireNotMoved(earlier: AttachmentRecord | undefined): void {
  if (!earlier || !isLoan(earlier)) return
  const { onHost, nameInSandbox } = earlier.device
  throw new Failure(
    'configuration-invalid',
    `cannot apply anything to ${nameInSandbox}: it is ${onHost.name} of the host, which this plugin lent before`,
    'nothing was changed; give each entry of the chain an "ifName" of its own',
  )
}

/** Warns of a loan that ended without DEL. */
export function warnOfReturn({ device, sandboxPath }: AttachmentRecord): void {
  warn(`${device.onHost.name} is back from ${sandboxPath}, where it is no more`)
}

/** The refusal of what is lent. */
export function lentAlready(loan: AttachmentRecord): Failure {
  return new Failure(
    'busy',
    describeLoan(loan),
    'nothing was changed; DEL or GC of that attachment brings it home',
  )
}
