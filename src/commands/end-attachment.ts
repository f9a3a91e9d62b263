import { attachmentName } from '../attachments/attachment-name.js'
import { acquireLock } from '../attachments/lock.js'
import type { AttachmentKey } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import { locate } from '../device/lent-device.js'
import { returnDevice } from '../device/return-device.js'
import { Failure } from '../failure.js'
import { Place } from '../kernel/place.js'
import { removeRules } from './remove-rules.js'

/**
 * Brings the device of an attachment home under its own name, up if it was up, and
 * forgets the attachment. Nothing left to do is success.
 * @param sandboxPath where the runtime says the sandbox is; empty for where it was
 * @throws Failure with the device usable where it is, for a later attempt
 */
export function endAttachment(stateDir: string, key: AttachmentKey, sandboxPath: string): void {
  const store = new AttachmentStore(stateDir)
  using _attachment = acquireLock(stateDir, attachmentName(key))
  const record = store.read(key)
  if (!record) {
    store.remove(key)
    return
  }

  using _device = acquireLock(stateDir, `device-${record.device.onHost.index}`)
  using host = Place.host()
  using sandbox = openSandboxIfThere(sandboxPath || record.sandboxPath, host)
  const whereabouts = locate(record.device, sandbox ? [host, sandbox] : [host])
  if (sandbox) removeRules(sandbox, record.device, record.state)
  if (whereabouts) returnDevice(host, record.device, whereabouts)
  store.remove(record)
}

/** Undefined for a sandbox that is gone. */
export function openSandboxIfThere(path: string, host: Place): Place | undefined {
  try {
    return Place.sandbox(path, host)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'sandbox-invalid') return undefined
    throw error
  }
}
