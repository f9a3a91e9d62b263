import { findLentDevice, loanOf } from '../device/lent-device.js'
import { isVirtualDevice, searchEverywhere } from '../device/search.js'
import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { note, warn } from '../log.js'
import { attachmentRecords, loansIn, outstandingKeyOf } from '../records/attachments.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { openRecorded } from './namespaces.js'

/** Maximum number of searches for a device that end in doubt: each takes seconds. */
const MOST_SEARCHES = 3

/**
 * Keeps what is outstanding of a device that is not on the host for as long as it may come home: while it
 * is lent; hardware, until the node is started again; a virtual device, while it is in a network namespace.
 * The record says where that was last, so that nearly every call looks there only.
 */
export function keepWhileAway(
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  host: NetworkNamespace,
  record: AttachmentRecord,
): void {
  const { device, failures = 0 } = record
  if (!isVirtualDevice(device) || failures >= MOST_SEARCHES) return
  if (loanOf(loansIn(attachmentRecords(stateDir)), device)) return
  try {
    const place = whereNow(host, record)
    if (place === 'as noted') return
    if (place) store.write({ ...record, ...place })
    else giveUp(store, record)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'busy' || error.kind === 'state-unusable')
      throw error
    store.write({ ...record, failures: failures + 1 })
    note('info', `what is outstanding of ${device.onHost.name} stays: ${error.message}`, () => ({}))
  }
}

/**
 * @returns undefined if the device counts as destroyed
 * @throws Failure if it may still exist
 */
function whereNow(
  host: NetworkNamespace,
  record: AttachmentRecord,
): Pick<AttachmentRecord, 'sandboxPath' | 'sandbox'> | 'as noted' | undefined {
  const { device, sandboxPath } = record
  using noted = openRecorded(host, sandboxPath, record, true)
  if (noted && findLentDevice(noted, device)) return 'as noted'
  const namespaces = noted ? [host, noted] : [host]
  return searchEverywhere(host, namespaces, record, ({ namespace: { path, identity } }) => ({
    sandboxPath: path,
    sandbox: identity,
  }))
}

function giveUp(store: RecordStore<AttachmentRecord>, record: AttachmentRecord): void {
  const { device, mode } = record
  store.remove(outstandingKeyOf(record))
  const what = mode === 'capture' ? 'captured' : 'still to be restored'
  warn(
    `${device.onHost.name} is gone: it is in no network namespace that can be found; what was ${what} of it is given up`,
  )
}
