import type { AttachmentRecord } from '../../attachments/record-schema.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import { bootId } from '../../kernel/boot-id.js'
import type { HostNetworkState } from '../../state/schema.js'
import type { Call } from '../call.js'

/** What is to be remembered of an ADD. */
export function recordOf(
  { environment, configuration }: Call,
  mode: AttachmentRecord['mode'],
  device: LentDevice,
  state: HostNetworkState,
): AttachmentRecord {
  return {
    format: 1,
    mode,
    containerId: environment.containerId,
    interfaceName: environment.ifName,
    network: configuration.name,
    sandboxPath: environment.netns,
    lentAt: Math.floor(Date.now() / 1000),
    bootId: bootId(),
    device,
    state,
  }
}
