import { encodeResult } from '../../cni/result.js'
import { findSelectedDevice } from '../../device/selected-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { enterPhase } from '../../phases.js'
import { captureRecords } from '../../records/attachments.js'
import { lockAttachment } from '../../records/lock.js'
import { attachmentOf, type Call, selectorOf } from '../call.js'
import { lookAtRest } from '../common-routes.js'
import { giveBackCaptured } from '../give-back-captured.js'
import { settleOutstanding } from '../outstanding.js'
import { giveBackEarlier } from '../release-capture.js'
import { inspectToCapture } from './preflight-in-place.js'
import { logAdd, recordOf } from './record.js'

/**
 * Saves the device's host state for a later `apply` in the same chain, because a plugin between the
 * two moves the device. Changes nothing but the record.
 */
export async function addByCapture(call: Call): Promise<object> {
  const { configuration, cniVersion } = call
  const { stateDir, prevResult, restoreOnDelete: restore } = configuration
  const key = attachmentOf(call)
  using host = NetworkNamespace.host()
  await settleOutstanding(stateDir)
  const device = findSelectedDevice(host, selectorOf(configuration))
  await giveBackCaptured(call, host, device)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  enterPhase('look')
  const { lent, state, remarks } = lookAtRest(stateDir, device, () => inspectToCapture(call, host))
  const result = prevResult ? encodeResult(prevResult, cniVersion) : { cniVersion }
  if (restore) giveBackEarlier(stateDir, key)
  enterPhase('record')
  const record = recordOf(call, 'capture', lent, state)
  captureRecords(stateDir).write(record)
  logAdd(`captured the state of ${lent.onHost.name}`, record, remarks)
  return result
}
