import { encodeResult } from '../../cni/result.js'
import { describeLentDevice } from '../../device/lent-device.js'
import { findDevice } from '../../device/selector.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { enterPhase } from '../../phases.js'
import { lockAttachment } from '../../records/lock.js'
import { captureRecords } from '../../records/store.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { remarksOnNothing } from '../../state/carry.js'
import { attachmentOf, type Call } from '../call.js'
import { selectorOf } from '../way.js'
import { logAdd, recordOf } from './record.js'

/**
 * Saves the device's host state for a later `apply` in the same chain, because a plugin between the
 * two moves the device. Changes nothing but the record.
 */
export async function addByCapture(call: Call): Promise<object> {
  const { configuration, cniVersion } = call
  const { stateDir, prevResult } = configuration
  const key = attachmentOf(call)
  using host = NetworkNamespace.host()
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  enterPhase('capture')
  const onHost = findDevice(host, selectorOf(configuration))
  const state = captureHostNetworkState(host, onHost, configuration)
  enterPhase('record')
  const record = recordOf(
    call,
    'capture',
    describeLentDevice(host, onHost, key.nameInSandbox),
    state,
  )
  captureRecords(stateDir).write(record)
  const remarks = configuration.useInterfaceNetwork ? remarksOnNothing(state, onHost) : []
  logAdd(`captured the state of ${onHost.name}`, record, remarks)
  return prevResult ? encodeResult(prevResult, cniVersion) : { cniVersion }
}
