import { findInAnyNamespace, isSameDevice, locate } from '../device/lent-device.js'
import { freeNameOf, returnDevice } from '../device/return.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { note, warn } from '../log.js'
import { lockAttachment, lockDevice } from '../records/lock.js'
import { type AttachmentKey, attachmentName, keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { attachmentRecords, captureRecords, type RecordStore } from '../records/store.js'
import type { Refusal } from '../state/apply.js'
import { restoreHostState } from '../state/restore.js'
import { canComeUpWithoutSettings } from '../state/sysctls.js'
import { takeOffAdditions } from './additions.js'
import { openIfThere } from './namespaces.js'

/** Options for releasing an attachment. */
export interface ReleaseOptions {
  /** CNI_NETNS of the call; if absent or empty, the path in the record. */
  sandboxPath?: string
  /** Whether to restore the device's host state. */
  restore: boolean
}

/**
 * Returns the device of an attachment to the host under its own name, up if it was up, and removes
 * the record. What was added to the sandbox, or to another plugin's interface there, is taken off.
 * Succeeds if there is nothing to do.
 * @returns whether there was such an attachment
 * @throws Failure; the device stays usable where it is, and a later DEL can try again
 */
export function releaseAttachment(
  stateDir: string,
  key: AttachmentKey,
  { sandboxPath, restore }: ReleaseOptions,
): boolean {
  const store = attachmentRecords(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const record = store.read(key)
  if (!record) {
    store.remove(key)
    return false
  }

  using _device = lockDevice(stateDir, record.device.onHost)
  using host = NetworkNamespace.host()
  using sandbox = openIfThere(host, sandboxPath || record.sandboxPath)
  if (record.mode === 'move') {
    const home = returnLentDevice(host, sandbox, store, record, restore)
    if (home && restore) restoreOrWarn(host, home, record)
  }
  // Last: if the return fails, the device still needs its rules in the sandbox.
  if (sandbox) takeOffAdditions(store, sandbox, record)
  store.remove(key)
  note('info', `ended the attachment of ${record.device.onHost.name}`, () => ({
    ...key,
    mode: record.mode,
    sandboxPath: record.sandboxPath,
  }))
  return true
}

/**
 * Removes a record captured for a later plugin of the chain. DEL runs in reverse order, so the
 * plugin that moved the device has already returned it.
 * @param restore whether to restore the device's host state
 */
export function releaseCapture(stateDir: string, key: AttachmentKey, restore: boolean): void {
  const store = captureRecords(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const record = restore ? store.read(key) : undefined
  if (record) {
    using host = NetworkNamespace.host()
    const located = locate(record.device, [host])
    if (located) restoreOrWarn(host, returnDevice(host, record.device, located), record)
  }
  store.remove(key)
}

/**
 * Finds a lent device anywhere on this node and returns it to the host.
 * @param sandbox undefined if it no longer exists
 * @param store the records: a device that was lent again must not be taken from its new pod
 * @param restore whether the caller restores the state next; then some settings must be set before
 *   the device is up
 * @returns the device on the host; undefined if it no longer exists (a virtual device is destroyed
 *   with its sandbox)
 * @throws Failure `return-failed`
 */
export function returnLentDevice(
  host: NetworkNamespace,
  sandbox: NetworkNamespace | undefined,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
  restore: boolean,
): Link | undefined {
  const { device } = record
  const name = attachmentName(keyOf(record))
  const othersLent = () =>
    store
      .list()
      .filter((other) => other.mode === 'move' && attachmentName(keyOf(other)) !== name)
      .map((other) => other.device)
  const bringUp = !restore || canComeUpWithoutSettings(device.onHost)
  freeNameOf(host, device, othersLent)
  const located = locate(device, sandbox ? [host, sandbox] : [host])
  if (located) return returnDevice(host, device, located, bringUp)
  if (othersLent().some(({ onHost }) => isSameDevice(onHost, device.onHost))) return undefined
  return findInAnyNamespace(host, device, (found) => returnDevice(host, device, found, bringUp))
}

/**
 * Restores a device's state on the host.
 * @returns what the kernel refused
 */
export function restoreState(
  host: NetworkNamespace,
  home: Link,
  { device, state, lentAt }: AttachmentRecord,
): Refusal[] {
  return restoreHostState(host, home, device.onHost, state, lentAt)
}

/** A failure to restore is only a warning: the device itself is back on the host. */
function restoreOrWarn(host: NetworkNamespace, home: Link, record: AttachmentRecord): void {
  for (const { what, reason } of restoreState(host, home, record))
    warn(`${home.name} is home without ${what}: ${reason}`)
}
