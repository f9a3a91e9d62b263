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
import { carried } from '../state/carry.js'
import { planRemovalOfRules } from '../state/plan.js'
import { restoreHostState } from '../state/restore.js'
import { canComeUpWithoutSettings } from '../state/sysctls.js'
import { openIfThere } from './namespaces.js'

/** How an attachment is to be released. */
export interface ReleaseOptions {
  /** CNI_NETNS of the call; left out or empty, the path in the record. */
  sandboxPath?: string
  /** Whether the device gets its host state back. */
  restore: boolean
}

/**
 * Returns the device of an attachment to the host under its own name, up if it was up, and
 * removes the record. What was applied to the interface of another plugin goes with that
 * interface, except policy rules. Nothing left to do is success.
 * @returns whether there was such an attachment
 * @throws Failure with the device usable where it is, for a later attempt
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
  // Rules do not go with the device. Had it been unable to leave, it would still need them.
  if (sandbox) removeRules(sandbox, record)
  store.remove(key)
  note('info', `ended the attachment of ${record.device.onHost.name}`, () => ({
    ...key,
    mode: record.mode,
    sandboxPath: record.sandboxPath,
  }))
  return true
}

/**
 * Removes what was captured for a later plugin of the chain. By now, the plugin that took the
 * device away has brought it back.
 * @param restore whether the device gets its host state back
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
 * Finds a lent device, wherever it is on this node, and returns it to the host.
 * @param sandbox undefined where it is gone
 * @param store the records: a device that was lent again must not be taken away
 * @param restore whether its state is restored next; then some settings must come before it
 *   is up
 * @returns the device on the host; undefined where it is nowhere: virtual devices are destroyed
 *   with their sandbox
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
 * Restores the state that a device had on the host.
 * @returns what the kernel refused
 */
export function restoreState(
  host: NetworkNamespace,
  home: Link,
  { device, state, lentAt }: AttachmentRecord,
): Refusal[] {
  return restoreHostState(host, home, device.onHost, state, lentAt)
}

/**
 * Removes the carried policy rules from a sandbox: unlike all else they do not go with the
 * device. A rule that is gone already is no error.
 */
export function removeRules(
  sandbox: NetworkNamespace,
  { device, state }: Pick<AttachmentRecord, 'device' | 'state'>,
): void {
  const rules = carried(state.rules)
  sandbox.socket.requestAll(planRemovalOfRules(device.onHost, device.nameInSandbox, rules))
}

/** What cannot be restored is a warning: the device is home. */
function restoreOrWarn(host: NetworkNamespace, home: Link, record: AttachmentRecord): void {
  for (const { what, reason } of restoreState(host, home, record))
    warn(`${home.name} is home without ${what}: ${reason}`)
}
