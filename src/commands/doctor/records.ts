import { findLentDevice } from '../../device/lent-device.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { describeLoan } from '../../records/describe-loan.js'
import { isLoan } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { attachmentRecords, outstandingRecords } from '../../records/store.js'
import { openRecorded } from '../namespaces.js'
import { stateDirectory } from './directories.js'
import { type Check, type Finding, fault, warning } from './finding.js'

/** Whether what the records say is so: above all, whether each sandbox is still there. */
export const records: Check = ({ configuration, host }) => {
  const { stateDir } = configuration
  // That is said already.
  if (stateDirectory(stateDir).length > 0) return []
  const others: string[] = []
  const loans = attachmentRecords(stateDir).look((path) => others.push(path))
  const outstanding = outstandingRecords(stateDir).look((path) => others.push(path))
  return [
    ...others.map(unreadable),
    ...loans.filter(isLoan).flatMap((loan) => lentToNobody(host, stateDir, loan)),
    ...outstanding.map(notYetRestored),
  ]
}

function unreadable(path: string): Finding {
  return warning(
    'records',
    `${path} is no record of this version: it is cut off, not ours, or of a newer version`,
    'if a newer version was here, install it again to end that attachment; else the next call sets it aside',
  )
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

function notYetRestored({ device }: AttachmentRecord): Finding {
  return warning(
    'records',
    `${device.onHost.name} is home, but a part of its state could not be restored yet`,
    'see the log for what the kernel refused; each ADD, DEL and GC tries it again',
  )
}
