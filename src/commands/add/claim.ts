import {
  describeLentDevice,
  findMadeAgain,
  findOnHost,
  isSameDevice,
} from '../../device/lent-device.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import { findSelectedDevice } from '../../device/selected-device.js'
import { selects } from '../../device/selector.js'
import { Failure } from '../../failure.js'
import { releaseGvisorRecord } from '../../gvisor/release.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import { loansIn } from '../../records/attachments.js'
import { describeLoan } from '../../records/describe-loan.js'
import { type AttachmentKey, isLoan, keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import type { Call } from '../call.js'
import { releaseAttachment, releaseRecorded } from '../release.js'
import { selectorOf } from '../way.js'

/** The device that is selected, or the loan from which the kernel has put it back on the host. */
export type Found = { device: Link } | { loan: AttachmentRecord }

/**
 * The host device that the configuration selects. If the kernel returned it to the host when its
 * sandbox died, it still has its sandbox name: that attachment is released first, which renames the
 * device.
 * @throws Failure `busy` that names the container it is lent to, or the errors of `findSelectedDevice`
 */
export async function claimDevice(
  host: NetworkNamespace,
  call: Call,
  store: RecordStore<AttachmentRecord>,
): Promise<Link> {
  const found = lookForDevice(host, call, store)
  return 'loan' in found ? await reclaim(host, call, store, found.loan) : found.device
}

/**
 * Looks for the host device that the configuration selects, and changes nothing.
 * @throws Failure `busy` that names the container it is lent to, or the errors of `findSelectedDevice`
 */
export function lookForDevice(
  host: NetworkNamespace,
  call: Call,
  store: RecordStore<AttachmentRecord>,
): Found {
  const onHost = (): Found => {
    const device = findSelectedDevice(host, selectorOf(call.configuration))
    const loan = loanOfDevice(host, store, device)
    return loan ? { loan } : { device }
  }
  let found: Found
  try {
    found = onHost()
  } catch (error) {
    // It is not there, or another call lends it at this moment.
    const isAbsent = error instanceof Failure && ['device-not-found', 'busy'].includes(error.kind)
    if (!isAbsent) throw error
    const loan = loanOfSelected(call, store)
    // A DEL may have brought it home between the look at the host and that at the records.
    found = loan ? { loan } : onHost()
  }
  if ('loan' in found && !findOnHost(host, found.loan.device)) throw lentAlready(found.loan)
  return found
}

/**
 * Selects the device again after its lock was taken.
 * @throws Failure `busy` if another call lent it in between
 */
export function requireStillThere(
  host: NetworkNamespace,
  call: Call,
  store: RecordStore<AttachmentRecord>,
  device: Link,
): Link {
  const link = selectedNow(host, call)
  if (link?.index === device.index) return link
  const loan = loanOfSelected(call, store)
  throw loan ? lentAlready(loan) : new Failure('busy', `${device.name} has just left the host`)
}

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
  await concludeRelease(stateDir, earlier)
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

/** The host device that the configuration selects, if it is there. */
export function selectedNow(host: NetworkNamespace, { configuration }: Call): Link | undefined {
  try {
    return findSelectedDevice(host, selectorOf(configuration))
  } catch (error) {
    if (error instanceof Failure && error.kind === 'device-not-found') return undefined
    throw error
  }
}

/**
 * The loan of a device that is on the host, and so is back from it; also the loan of a NIC of which the
 * kernel made this device again, for its record has the state with which it is to be lent.
 */
function loanOfDevice(
  host: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
  device: Link,
): AttachmentRecord | undefined {
  let known: LentDevice | undefined
  const described = () => {
    known ??= describeLentDevice(host, device, '')
    return known
  }
  const mayMean = (text: string) => {
    const { identity } = described()
    return (
      !identity ||
      !text.includes('"identity":') ||
      text.includes(`"inode":${identity.inode},`) ||
      text.includes(`"parentDevice":"${device.parentDevice}"`)
    )
  }
  const loans = loansIn(store, mayMean)
  return (
    loans.find((loan) => isSameDevice(described(), loan.device)) ??
    loans.find((loan) => findMadeAgain(host, loan.device)?.index === device.index)
  )
}

/** The loan of a device that is not on the host. */
function loanOfSelected(
  { configuration }: Call,
  store: RecordStore<AttachmentRecord>,
): AttachmentRecord | undefined {
  const selector = selectorOf(configuration)
  return loansIn(store).find(({ device }) => selects(selector, device))
}

/** Ends a loan whose device is on the host, and gives the device its state back, to be lent with it. */
async function reclaim(
  host: NetworkNamespace,
  { configuration }: Call,
  store: RecordStore<AttachmentRecord>,
  loan: AttachmentRecord,
) {
  const { stateDir } = configuration
  // The device may be on the host because the ADD of the loan has not moved it yet, or because its
  // DEL has not ended. The release waits for the end of that call.
  if (releaseAttachment(stateDir, keyOf(loan), { restore: true, onlyFromHost: true }))
    await concludeRelease(stateDir, loan)
  else if (store.read(keyOf(loan))) throw lentAlready(loan)
  return findSelectedDevice(host, selectorOf(configuration))
}

/** What remains of a loan that ended without DEL, once its device is home. */
async function concludeRelease(stateDir: string, loan: AttachmentRecord): Promise<void> {
  warn(`${loan.device.onHost.name} is back from ${loan.sandboxPath}, where it is no more`)
  await releaseGvisorRecord(stateDir, keyOf(loan))
}

function lentAlready(loan: AttachmentRecord): Failure {
  return new Failure(
    'busy',
    describeLoan(loan),
    'nothing was changed; DEL or GC of that attachment brings it home',
  )
}
