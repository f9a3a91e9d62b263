import { type AttachmentKey, attachmentName } from '../attachments/attachment-key.js'
import { acquireLock } from '../attachments/lock.js'
import { AttachmentStore } from '../attachments/store.js'
import { locate } from '../device/lent-device.js'
import type { LentDevice } from '../device/lent-device-schema.js'
import { returnDevice } from '../device/return-device.js'
import { Place } from '../kernel/place.js'
import { note } from '../log.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'
import { removeRules } from './remove-rules.js'

/**
 * Brings the device of an attachment home under its own name, up if it was up, and
 * forgets the attachment. What was given to an interface of another plugin goes
 * with that, but for policy rules. Nothing left to do is success.
 * @param sandboxPath where the runtime says the sandbox is; empty for where it was
 * @throws Failure with the device usable where it is, for a later attempt
 */
export function endAttachment(stateDir: string, key: AttachmentKey, sandboxPath: string): void {
  const store = AttachmentStore.ofAttachments(stateDir)
  using _attachment = acquireLock(stateDir, attachmentName(key))
  const record = store.read(key)
  if (!record) {
    store.remove(key)
    return
  }

  using _device = acquireLock(stateDir, `device-${record.device.onHost.index}`)
  using host = Place.host()
  using sandbox = ifSandboxIsThere(() => Place.sandbox(sandboxPath || record.sandboxPath, host))
  if (sandbox) removeRules(sandbox, record.device, record.state)
  if (record.mode === 'move') bringHome(host, sandbox, record.device)
  store.remove(key)
  note('info', `ended the attachment of ${record.device.onHost.name}`, () => ({
    ...key,
    mode: record.mode,
    sandboxPath: record.sandboxPath,
  }))
}

function bringHome(host: Place, sandbox: Place | undefined, device: LentDevice): void {
  const whereabouts = locate(device, sandbox ? [host, sandbox] : [host])
  if (whereabouts) returnDevice(host, device, whereabouts)
}
