import { findLentDevice } from '../../device/lent-device.js'
import { gvisorRecords } from '../../gvisor/record.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import {
  attachmentRecords,
  captureRecords,
  OUTSTANDING_DIRECTORY,
  outstandingRecords,
} from '../../records/attachments.js'
import { describeLoan } from '../../records/describe-loan.js'
import { remarkOn } from '../../records/other-file.js'
import { isLoan, isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { unreadable } from '../../records/state-directory.js'
import type { OtherFile } from '../../records/store.js'
import { DAMAGE_CURE, damagedRecords, describeDamage } from '../damaged-record.js'
import { openRecorded } from '../namespaces.js'
import { type Check, type Finding, fault, warning } from './finding.js'

/** Whether what the records say is so: above all, whether each sandbox is still there. */
export const records: Check = ({ configuration, host }) => {
  const { stateDir } = configuration
  // That is said already.
  if (unreadable(stateDir)) return []
  const others: OtherFile[] = []
  const onOther = (other: OtherFile) => others.push(other)
  const loans = attachmentRecords(stateDir).look(onOther).filter(isOfThisBoot).filter(isLoan)
  const outstanding = outstandingRecords(stateDir).look(onOther).filter(isOfThisBoot)
  captureRecords(stateDir).look(onOther)
  gvisorRecords(stateDir).look(onOther)
  return [
    ...others.map(noRecord),
    ...damaged(stateDir, others),
    ...loans.flatMap((loan) => lentToNobody(host, stateDir, loan)),
    ...outstanding.map((record) => notYetRestored(host, record)),
  ]
}

/** Calls fail over what they cannot read: it could lend the very device that they are for. */
function noRecord(other: OtherFile): Finding {
  const { text, cure } = remarkOn(other)
  return (other.kind === 'unreadable' ? fault : warning)('records', text, cure)
}

/** The call that uses it fails; of what is outstanding it warns. */
function damaged(stateDir: string, others: OtherFile[]): Finding[] {
  // One that cannot be read would end the search, and is said already.
  if (others.some(({ kind }) => kind === 'unreadable')) return []
  return [...damagedRecords(stateDir)].map((one) => {
    const level = one.directory.endsWith(`/${OUTSTANDING_DIRECTORY}`) ? warning : fault
    return level('records', describeDamage(one), DAMAGE_CURE)
  })
}

function lentToNobody(host: NetworkNamespace, stateDir: string, loan: AttachmentRecord): Finding[] {
  const { device, sandboxPath } = loan
  using sandbox = openRecorded(host, sandboxPath, loan)
  if (sandbox) return []
  const home = findLentDevice(host, device)
  const where = home
    ? `the kernel has put it back on the host as ${home.name}, without its state`
    : 'it is in another namespace, or destroyed'
  return [
    fault(
      'records',
      `${describeLoan(loan)}, which is gone; ${where}`,
      `if the runtime does not call DEL: host-device-l3 return --container ${loan.containerId} --state-dir ${stateDir}`,
    ),
  ]
}

function notYetRestored(host: NetworkNamespace, { device }: AttachmentRecord): Finding {
  const { name } = device.onHost
  return findLentDevice(host, device)
    ? warning(
        'records',
        `${name} is home, but a part of its state could not be restored yet`,
        'see the log for what the kernel refused; each ADD, DEL and GC tries it again',
      )
    : warning(
        'records',
        `${name} is away, and has not got its state back`,
        'bring it to the host, under any name: the next ADD, DEL or GC gives it its state',
      )
}
