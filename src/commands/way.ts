import type { Configuration } from '../cni/configuration-schema.js'
import {
  type DeviceSelector,
  isEmptySelector,
  isForUserspace,
  parseSelector,
} from '../device/selector.js'
import { captureRecords } from '../records/store.js'
import { attachmentOf, type Call, reportedInterface } from './call.js'

/**
 * Which of five ways a call goes:
 * - `move`: the device moves into the sandbox;
 * - `apply`: an interface that another plugin made gets the state of the device;
 * - `capture`: the state of the device is recorded for an `apply` later in the chain;
 * - `userspace`: a userspace driver has the device, so that there is nothing to move;
 * - `gvisor-only`: another plugin did all there is to do, except what gVisor needs.
 */
export type Way = 'move' | 'apply' | 'capture' | 'userspace' | 'gvisor-only'

/**
 * Decides which way a call goes, for every command. Without `mode`, the chain decides: an
 * interface that an earlier plugin made is given the state, else the device moves in. DEL and
 * STATUS do not read prevResult, so that `apply` by the chain is `move` to them; what ADD did
 * is in its record.
 */
export function wayOf(call: Call): Way {
  const { mode } = call.configuration
  const reported = reportedInterface(call) !== undefined
  if (mode === 'capture' || mode === 'apply') return mode
  // First: CHECK finds the interface of a userspace device in prevResult, like any other.
  if (isForUserspace(selectorOf(call.configuration))) return 'userspace'
  if (mode === 'move' || !reported) return 'move'
  return isGvisorOnly(call) ? 'gvisor-only' : 'apply'
}

/** The selector of the device that a configuration means. */
export function selectorOf(configuration: Configuration): DeviceSelector {
  const { device, hwaddr, kernelpath, pciBusID, runtimeConfig } = configuration
  return parseSelector({
    device,
    hwaddr,
    kernelpath,
    pciBusID,
    deviceID: runtimeConfig?.deviceID,
  })
}

/** Whether there is no device whose state the interface could be given, but gVisor to care for. */
function isGvisorOnly(call: Call): boolean {
  const { gvisor, stateDir } = call.configuration
  if (!gvisor || !isEmptySelector(selectorOf(call.configuration))) return false
  return !captureRecords(stateDir).read(attachmentOf(call))
}
