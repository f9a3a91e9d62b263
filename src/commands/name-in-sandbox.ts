import type { Call } from './call.js'

/** The name that the device has, or gets, in the sandbox. */
export function nameInSandbox({ environment, configuration }: Call): string {
  return configuration.ifName || environment.ifName
}
