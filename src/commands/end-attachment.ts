import { type AttachmentKey, attachmentName, keyOf } from '../attachments/attachment-key.js'
import { lockAttachment, lockDevice } from '../attachments/lock.js'
import type { AttachmentRecord } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { note } from '../log.js'
import { canComeUpWithoutSettings } from '../state/sysctls.js'
import { bringHome } from './bring-home.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'
import { removeRules } from './remove-rules.js'
import { restoreState } from './restore-state.js'

/** How an attachment is to be ended. */
export interface Ending {
  /** Where the runtime says the sandbox is; left out: where it was. */
  sandboxPath?: string
  /** Whether the device gets its host state back. */
  restore: boolean
}

/**
 * Brings the device of an attachment home under its own name, up if it was up, and
 * forgets the attachment. What was given to an interface of another plugin goes
 * with that, but for policy rules. Nothing left to do is success.
 * @returns whether there was such an attachment
 * @throws Failure with the device usable where it is, for a later attempt
 */
export function endAttachment(
  stateDir: string,
  key: AttachmentKey,
  { sandboxPath, restore }: Ending,
): boolean {
  const store = AttachmentStore.ofAttachments(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const record = store.read(key)
  if (!record) {
    store.remove(key)
    return false
  }

  using _device = lockDevice(stateDir, record.device.onHost)
  using host = NetworkNamespace.host()
  using sandbox = ifSandboxIsThere(() => host.open(sandboxPath || record.sandboxPath))
  if (record.mode === 'move') {
    const others = () => store.list().filter((other) => nameOf(other) !== attachmentName(key))
    const bringUp = !restore || canComeUpWithoutSettings(record.device.onHost)
    const home = bringHome(host, sandbox, record, bringUp, others)
    if (home && restore) restoreState(host, home, record)
  }
  // They do not go with the device, and would be missed while it could not leave.
  if (sandbox) removeRules(sandbox, record.device, record.state)
  store.remove(key)
  note('info', `ended the attachment of ${record.device.onHost.name}`, () => ({
    ...key,
    mode: record.mode,
    sandboxPath: record.sandboxPath,
  }))
  return true
}

function nameOf(record: AttachmentRecord): string {
  return attachmentName(keyOf(record))
}
