import { AttachmentStore } from '../attachments/store.js'
import { attachmentOf } from './attachment-of.js'
import type { Call } from './call.js'
import { choiceOf } from './choice.js'
import { reportedInterface } from './reported.js'

/** What is done with the device: it goes itself, its state goes, or that is kept for later. */
export type Mode = 'move' | 'apply' | 'capture'

/**
 * What ADD is to do where the configuration leaves it to the chain: an interface
 * that an earlier plugin made is given the state, else the device moves in.
 */
export function modeOf(call: Call): Mode {
  return call.configuration.mode ?? (reportedInterface(call) ? 'apply' : 'move')
}

/**
 * Whether there is nothing to do but for gVisor: another plugin made the interface, and
 * neither the configuration nor a capture knows a device whose state it could be given.
 */
export function isOnlyToKeep(call: Call): boolean {
  const { gvisor, mode, stateDir } = call.configuration
  if (!gvisor || mode !== undefined || !reportedInterface(call)) return false
  if (Object.values(choiceOf(call.configuration)).some((value) => value !== undefined)) return false
  return !AttachmentStore.ofCaptures(stateDir).read(attachmentOf(call))
}
