import { Failure } from '../failure.js'

/** What is opened of a sandbox; undefined for one that is gone. */
export function ifSandboxIsThere<T>(open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (error instanceof Failure && error.kind === 'sandbox-invalid') return undefined
    throw error
  }
}
