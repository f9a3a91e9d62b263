import type { Call, Command } from './call.js'
import { wayOf } from './way.js'

/**
 * ADD: moves the device into the sandbox, or applies the device's host state to an interface there.
 * @returns the result for stdout
 * @throws Failure or CniError; the device is on the host as before, or the error says where it is
 */
export async function add(call: Call): Promise<object | undefined> {
  const run = await commandFor(call)
  return run(call)
}

/** Selects the kind of ADD and loads only its module. */
async function commandFor(call: Call): Promise<Command> {
  switch (wayOf(call)) {
    case 'move':
      return (await import('./add/move.js')).addByMove
    case 'apply':
      return (await import('./add/apply.js')).addByApply
    case 'capture':
      return (await import('./add/capture.js')).addByCapture
    case 'userspace':
      return (await import('./add/userspace.js')).addForUserspace
    case 'gvisor-only':
      return (await import('./add/gvisor-only.js')).addForGvisorOnly
  }
}
