import { findSelectedDevice } from '../device/selected-device.js'
import { type DeviceSelector, isForUserspace, selects } from '../device/selector.js'
import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { attachmentRecords, captureRecords } from '../records/attachments.js'
import { describeLoan } from '../records/describe-loan.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { requireUsable } from '../records/state-directory.js'
import { type Call, ipamOf, selectorOf } from './call.js'
import { openRecorded } from './namespaces.js'

/**
 * STATUS: ready if the IPAM plugin is ready, records can be kept, and the device is on the host or lent
 * to an existing sandbox. A `deviceID` is not checked: it is set per pod.
 * @throws Failure `not-available` if there is no such device, `lent-to-nobody` if it is lent to a
 *   sandbox that no longer exists
 */
export async function status(call: Call): Promise<undefined> {
  const { stateDir } = call.configuration
  await requireIpam(call)
  requireUsable(stateDir, 'not-available')
  const { deviceID, ...selector } = selectorOf(call.configuration)
  const [named] = Object.values(selector).filter((value) => value !== undefined)
  if (named === undefined || isForUserspace(selector)) return
  using host = NetworkNamespace.host()
  const absence = absenceOf(host, selector)
  if (!absence) return
  const records = [...attachmentRecords(stateDir).list(), ...captureRecords(stateDir).list()]
  const lent = records.filter((one) => one.mode !== 'apply' && selects(selector, one.device))
  const [record] = lent
  if (!record) throw new Failure('not-available', `${absence.message}, and it is lent to nobody`)
  // Of one that was destroyed, and made and lent again, the record may be there, too.
  if (lent.some((one) => hasSandbox(host, one))) return
  throw new Failure(
    'lent-to-nobody',
    `${describeLoan(record)}, which is gone`,
    'DEL or GC brings it home, if it still exists',
  )
}

function hasSandbox(host: NetworkNamespace, record: AttachmentRecord): boolean {
  using sandbox = openRecorded(host, record.sandboxPath, record)
  return sandbox !== undefined
}

async function requireIpam(call: Call): Promise<void> {
  try {
    const ipam = await ipamOf(call)
    await ipam?.request('STATUS')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure('not-available', error.message, error.details)
  }
}

/** The failure if the device is not on the host, else undefined. */
function absenceOf(host: NetworkNamespace, selector: DeviceSelector): Failure | undefined {
  try {
    findSelectedDevice(host, selector)
    return undefined
  } catch (error) {
    if (error instanceof Failure && error.kind === 'device-not-found') return error
    throw error
  }
}
