import { isEmptySelector, isForUserspace } from '../device/selector.js'
import { captureRecords } from '../records/attachments.js'
import { attachmentOf, type Call, reportedInterface, selectorOf } from './call.js'

/**
 * What a call does with the device:
 * - `move`: moves the device into the sandbox;
 * - `apply`: applies the device's state to an interface that another plugin created;
 * - `capture`: records the device's state for an `apply` later in the chain;
 * - `userspace`: moves nothing, because a userspace driver has the device;
 * - `gvisor-only`: does only what gVisor needs, because another plugin did the rest.
 */
export type Way = 'move' | 'apply' | 'capture' | 'userspace' | 'gvisor-only'

/**
 * Decides what a call does, for every command. Without `mode`, the chain decides: `apply` if an
 * earlier plugin reports the interface, else `move`. DEL and STATUS do not read prevResult, so they
 * get `move` even if ADD chose `apply`. The record says what ADD did.
 */
export function wayOf(call: Call): Way {
  const { mode } = call.configuration
  const reported = reportedInterface(call) !== undefined
  if (mode === 'capture' || mode === 'apply') return mode
  // Before prevResult: in CHECK, prevResult reports the interface of a userspace device too.
  if (isForUserspace(selectorOf(call.configuration))) return 'userspace'
  if (mode === 'move' || !reported) return 'move'
  return isGvisorOnly(call) ? 'gvisor-only' : 'apply'
}

/**
 * Whether only the gVisor part applies: there is no device selector and no capture to take state
 * from.
 */
function isGvisorOnly(call: Call): boolean {
  const { gvisor, stateDir } = call.configuration
  if (!gvisor || !isEmptySelector(selectorOf(call.configuration))) return false
  return !captureRecords(stateDir).read(attachmentOf(call))
}
