import { existsSync } from 'node:fs'
import { findLentDevice } from '../device/lent-device.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { note } from '../log.js'
import { CAPTURE_DIRECTORY, captureRecords } from '../records/attachments.js'
import { keyOf } from '../records/record.js'
import { mayBeOf } from '../records/text-filter.js'
import type { Call } from './call.js'

/**
 * Gives a device that is home bare what an earlier attachment captured of it: another plugin has
 * moved it there and back, and DEL of the capture has not come yet. Else the state that is read next
 * would be empty. Few hosts have captures, and on the others the code for it is not loaded.
 */
export async function giveBackCaptured(
  { configuration }: Call,
  host: NetworkNamespace,
  device: Link,
): Promise<void> {
  const { stateDir, restoreOnDelete } = configuration
  if (!restoreOnDelete || !existsSync(`${stateDir}/${CAPTURE_DIRECTORY}`)) return
  const inode = host.sysfs?.identityOf(device)?.inode
  const records = captureRecords(stateDir).list((text) => mayBeOf(text, inode))
  if (records.length === 0) return
  const { releaseCapture, wasMoved } = await import('./release-capture.js')
  for (const record of records) {
    const home = findLentDevice(host, record.device)
    if (home?.index !== device.index || !wasMoved(host, home, record)) continue
    const key = keyOf(record)
    releaseCapture(stateDir, key, true)
    note('info', `${home.name} has back what was captured of it`, () => ({ ...key }))
  }
}
