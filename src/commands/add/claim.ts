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
import { loansIn } from '../../records/attachments.js'
import { keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { mayBeOf, mayBeOfHardware } from '../../records/text-filter.js'
import { type Call, selectorOf } from '../call.js'
import { releaseAttachment } from '../release.js'
import { lentAlready, warnOfReturn } from './earlier-loan.js'

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
    return !identity || mayBeOf(text, identity.inode) || mayBeOfHardware(text, device.parentDevice)
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
  if (releaseAttachment(stateDir, keyOf(loan), { restore: true, onlyFromHost: true })) {
    warnOfReturn(loan)
    await releaseGvisorRecord(stateDir, keyOf(loan))
  } else if (store.read(keyOf(loan))) throw lentAlready(loan)
  return findSelectedDevice(host, selectorOf(configuration))
}
