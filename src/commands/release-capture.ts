import { RETURN_SECONDS, timeToFinish } from '../deadline.js'
import { findLentDevice, loanOf } from '../device/lent-device.js'
import { returnDevice } from '../device/return.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { enterPhase } from '../phases.js'
import { attachmentRecords, captureRecords, loansIn } from '../records/attachments.js'
import { lockAsFound, lockAttachment, lockDevice } from '../records/lock.js'
import type { AttachmentKey } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { isBare, presentOf } from '../state/bare.js'
import { unpacked } from '../state/packed.js'
import { lockRoutesOf } from './common-routes.js'
import { addOutstanding, restoreOrWarn } from './outstanding.js'

/**
 * Removes a record captured for a later plugin of the chain. DEL runs in reverse order, so the
 * plugin that moved the device has already returned it.
 * @param restore whether to restore the host state of a device that is back from a move
 */
export function releaseCapture(stateDir: string, key: AttachmentKey, restore: boolean): void {
  using _attachment = lockAttachment(stateDir, key)
  if (restore) giveBackEarlier(stateDir, key)
  captureRecords(stateDir).remove(key)
}

/**
 * Gives a device back what was captured of it under an attachment, before the record goes or another
 * takes its place. If the device is away without that, it becomes outstanding. The caller has the
 * lock of the attachment.
 */
export function giveBackEarlier(stateDir: string, key: AttachmentKey): void {
  const record = captureRecords(stateDir).read(key)
  if (!record) return
  const { device, state } = record
  using host = NetworkNamespace.host()
  using _device = lockDevice(stateDir, device.onHost)
  using _there = lockAsFound(stateDir, device.onHost, findLentDevice(host, device))
  using _routes = lockRoutesOf(stateDir, record)
  using _time = timeToFinish(RETURN_SECONDS)
  const link = findLentDevice(host, device)
  if (!link) {
    // Of one that is lent, the loan says what it had when it left.
    const loan = loanOf(loansIn(attachmentRecords(stateDir)), device)
    if (!loan || isBare(state, unpacked(loan.state))) addOutstanding(stateDir, record)
    return
  }
  if (!wasMoved(host, link, record)) return
  enterPhase('restore')
  // A call that is killed from here on leaves a device with part of its state, which no longer looks
  // as one does that was moved.
  captureRecords(stateDir).write({ ...record, mode: 'move' })
  const home = returnDevice(host, device, { namespace: host, link })
  restoreOrWarn(stateDir, host, home, record)
}

/** Whether another plugin has moved a device that is home since it was captured. */
export function wasMoved(
  host: NetworkNamespace,
  link: Link,
  { mode, state, device }: AttachmentRecord,
): boolean {
  return mode === 'move' || isBare(state, presentOf(host, link), device.onHost.up && !link.up)
}
