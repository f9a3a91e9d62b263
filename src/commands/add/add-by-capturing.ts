import { attachmentName } from '../../attachments/attachment-key.js'
import { acquireLock } from '../../attachments/lock.js'
import type { AttachmentRecord } from '../../attachments/record-schema.js'
import { AttachmentStore } from '../../attachments/store.js'
import { expressResult } from '../../cni/result/express.js'
import { findDevice } from '../../device/find-device.js'
import { Place } from '../../kernel/place.js'
import { captureHostNetworkState } from '../../network-state/capture.js'
import { attachmentOf } from '../attachment-of.js'
import type { Call } from '../call.js'
import { choiceOf } from '../choice.js'
import { tell } from './tell.js'

/**
 * Notes what the host gave the device, for a later stage of the chain to apply: a
 * plugin in between is going to take the device away. Changes nothing else.
 */
export async function addByCapturing(call: Call): Promise<object> {
  const { environment, configuration, cniVersion } = call
  const { stateDir, prevResult } = configuration
  const key = attachmentOf(call)
  using host = Place.host()
  using _attachment = acquireLock(stateDir, attachmentName(key))
  const onHost = findDevice(host, choiceOf(configuration))
  const { containerId, interfaceName, nameInSandbox } = key
  const record: AttachmentRecord = {
    ...{ format: 1, mode: 'capture', containerId, interfaceName },
    ...{ network: configuration.name, sandboxPath: environment.netns },
    device: { onHost, nameInSandbox },
    state: captureHostNetworkState(host, onHost, configuration),
  }
  AttachmentStore.ofCaptures(stateDir).write(record)
  tell(`captured the state of ${onHost.name}`, record, [])
  return prevResult ? expressResult(prevResult, cniVersion) : { cniVersion }
}
