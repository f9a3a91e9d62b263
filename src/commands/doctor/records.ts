import { findLentDevice } from '../../device/lent-device.js'
import { gvisorRecords } from '../../gvisor/record.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { attachmentRecords, captureRecords, outstandingRecords } from '../../records/attachments.js'
import { describeLoan } from '../../records/describe-loan.js'
import { remarkOn } from '../../records/other-file.js'
import { isLoan, isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { unusable } from '../../records/state-directory.js'
import type { OtherFile } from '../../records/store.js'
import { openRecorded } from '../namespaces.js'
import { type Check, type Finding, fault, warning } from './finding.js'

/** Whether what the records say is so: above all, whether each sandbox is still there. */
export const records: Check = ({ configuration, host }) => {
  const { stateDir } = configuration
  // That is said already.
  if (unusable(stateDir)) return []
  const others: OtherFile[] = []
  const onOther = (other: OtherFile) => others.push(other)
  const loans = attachmentRecords(stateDir).look(onOther).filter(isOfThisBoot).filter(isLoan)
  const outstanding = outstandingRecords(stateDir).look(onOther).filter(isOfThisBoot)
  captureRecords(stateDir).look(onOther)
  gvisorRecords(stateDir).look(onOther)
  return [
    ...others.map(noRecord),
    ...loans.flatMap((loan) => lentToNobody(host, stateDir, loan)),
    ...outstanding.map((record) => notYetRestored(host, record)),
  ]
}

/** Calls fail over what they cannot read: it could lend the very device that they are for. */
function noRecord(other: OtherFile): Finding {
  const { text, cure } = remarkOn(other)
  return (other.kind === 'unreadable' ? fault : warning)('records', text, cure)
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
