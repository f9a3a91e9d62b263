import type { Call } from './call.js'
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
