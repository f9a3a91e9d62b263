import { isForUserspace } from '../../device/userspace-driver.js'
import type { Call, Command } from '../call.js'
import { choiceOf } from '../choice.js'
import { isOnlyToKeep, modeOf } from '../mode.js'

/**
 * ADD: gives the sandbox the device, or what the host gave the device.
 * @returns the result for stdout
 * @throws Failure or CniError with the device on the host as it was, or saying where it is
 */
export async function add(call: Call): Promise<object | undefined> {
  const run = await wayOf(call)
  return run(call)
}

/** Each way is a story of its own, loaded when it is told. */
async function wayOf(call: Call): Promise<Command> {
  const mode = modeOf(call)
  if (mode === 'capture') return (await import('./add-by-capturing.js')).addByCapturing
  if (isOnlyToKeep(call)) return (await import('./add-by-keeping.js')).addByKeeping
  if (mode === 'apply') return (await import('./add-by-applying.js')).addByApplying
  if (isForUserspace(choiceOf(call.configuration)))
    return (await import('./add-for-userspace.js')).addForUserspace
  return (await import('./add-by-moving.js')).addByMoving
}
