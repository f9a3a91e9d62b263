import { asCniError, type CniError } from '../../cni/error.js'
import { extendDeadline, RELEASE_SECONDS, RETURN_SECONDS } from '../../deadline.js'
import type { Failure } from '../../failure.js'
import type { Ipam } from '../../ipam/ipam.js'

/**
 * Undoes an ADD that failed, with time of its own.
 * @param ipam what it may have assigned is released
 * @param undo undoes all else, and says how things are then
 * @returns the error to report: the original one, and how things are now
 */
export async function undoAdd(
  ipam: Ipam | undefined,
  error: unknown,
  undo: () => string,
): Promise<CniError> {
  const release = await releaseAddresses(ipam)
  extendDeadline(RETURN_SECONDS)
  const outcome = attempt(undo)
  return asCniError(error, [outcome, release].filter((text) => text !== '').join('; '))
}

/** Says only what there is to say if that fails too. */
async function releaseAddresses(ipam: Ipam | undefined): Promise<string> {
  extendDeadline(RELEASE_SECONDS)
  try {
    await ipam?.undoAdd()
    return ''
  } catch (error) {
    return `the addresses that IPAM assigned may not be released: ${(error as Error).message}`
  }
}

function attempt(undo: () => string): string {
  try {
    return undo()
  } catch (error) {
    const { message, details } = error as Failure
    return `and the roll-back failed: ${message}${details ? `; ${details}` : ''}`
  }
}
