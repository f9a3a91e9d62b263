import { lockAttachment } from '../../attachments/lock.js'
import { AttachmentStore } from '../../attachments/store.js'
import { expressResult } from '../../cni/result/express.js'
import { findDevice } from '../../device/find-device.js'
import { lentDevice } from '../../device/lend-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { attachmentOf } from '../attachment-of.js'
import type { Call } from '../call.js'
import { choiceOf } from '../choice.js'
import { recordOf } from './record-of.js'
import { tell } from './tell.js'

/**
 * Notes what the host gave the device, for a later stage of the chain to apply: a
 * plugin in between is going to take the device away. Changes nothing else.
 */
export async function addByCapturing(call: Call): Promise<object> {
  const { configuration, cniVersion } = call
  const { stateDir, prevResult } = configuration
  const key = attachmentOf(call)
  using host = NetworkNamespace.host()
  using _attachment = lockAttachment(stateDir, key)
  const onHost = findDevice(host, choiceOf(configuration))
  const state = captureHostNetworkState(host, onHost, configuration)
  const record = recordOf(call, 'capture', lentDevice(onHost, key.nameInSandbox), state)
  AttachmentStore.ofCaptures(stateDir).write(record)
  tell(`captured the state of ${onHost.name}`, record, [])
  return prevResult ? expressResult(prevResult, cniVersion) : { cniVersion }
}
