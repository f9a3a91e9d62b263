import isAttachmentRecord from '../../build/check-attachment-record.js'
import { upgradeFormat1 } from './format-1.js'
import { type AttachmentKey, attachmentName, isLoan, keyOf } from './record.js'
import type { AttachmentRecord } from './record-schema.js'
import { RecordStore } from './store.js'

const ATTACHMENT_KIND = {
  format: 3 as const,
  keyOf,
  isRecord: isAttachmentRecord,
  upgrade: upgradeFormat1,
}

/** Records of lent devices, and of interfaces to which a device's state was applied. */
export function attachmentRecords(stateDirectory: string): RecordStore<AttachmentRecord> {
  return new RecordStore(stateDirectory, { ...ATTACHMENT_KIND, directory: 'attachments' })
}

/** The directory of captures, in the state directory. */
export const CAPTURE_DIRECTORY = 'captures'

/** Records of state captured for a later plugin of the same chain. */
export function captureRecords(stateDirectory: string): RecordStore<AttachmentRecord> {
  return new RecordStore(stateDirectory, { ...ATTACHMENT_KIND, directory: CAPTURE_DIRECTORY })
}

/**
 * What is lent.
 * @param isMeant decides by its text whether a record is decoded at all, which takes most of the time
 */
export function loansIn(
  store: RecordStore<AttachmentRecord>,
  isMeant?: (text: string) => boolean,
): AttachmentRecord[] {
  return store.list(isMeant).filter(isLoan)
}

/** The loans of other attachments than that of a record. */
export function loansBesides(
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
): AttachmentRecord[] {
  const name = attachmentName(keyOf(record))
  return loansIn(store).filter((one) => attachmentName(keyOf(one)) !== name)
}

/** The directory of what is outstanding, in the state directory. */
export const OUTSTANDING_DIRECTORY = 'outstanding'

/**
 * What is still to be restored of devices that are home: the device, and only that part of its
 * state. One record for each device.
 */
export function outstandingRecords(stateDirectory: string): RecordStore<AttachmentRecord> {
  return new RecordStore(stateDirectory, {
    ...ATTACHMENT_KIND,
    directory: OUTSTANDING_DIRECTORY,
    keyOf: outstandingKeyOf,
  })
}

/** The key of the record of what is outstanding of a device. */
export function outstandingKeyOf({ device }: Pick<AttachmentRecord, 'device'>): AttachmentKey {
  const { identity, onHost } = device
  const { name } = onHost
  const containerId = `device-${identity?.inode ?? onHost.index}`
  return { containerId, interfaceName: name, nameInSandbox: name }
}
