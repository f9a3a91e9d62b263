import type { AttachmentKey } from '../attachments/attachment-key.js'
import type { Call } from './call.js'
import { nameInSandbox } from './name-in-sandbox.js'

/** The attachment that a call is about. */
export function attachmentOf(call: Call): AttachmentKey {
  const { containerId, ifName } = call.environment
  return { containerId, interfaceName: ifName, nameInSandbox: nameInSandbox(call) }
}
