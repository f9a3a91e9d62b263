import type { AttachmentKey } from '../attachments/attachment-key.js'
import { lockAttachment } from '../attachments/lock.js'
import { AttachmentStore } from '../attachments/store.js'
import { locate } from '../device/lent-device.js'
import { returnDevice } from '../device/return-device.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { restoreState } from './restore-state.js'

/**
 * Forgets what was captured for a later stage of the chain. By then, the plugin that
 * took the device away has brought it back.
 * @param restore whether the device gets its host state back
 */
export function endCapture(stateDir: string, key: AttachmentKey, restore: boolean): void {
  const store = AttachmentStore.ofCaptures(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const record = restore ? store.read(key) : undefined
  if (record) {
    using host = NetworkNamespace.host()
    const whereabouts = locate(record.device, [host])
    if (whereabouts) restoreState(host, returnDevice(host, record.device, whereabouts), record)
  }
  store.remove(key)
}
