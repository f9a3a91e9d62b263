import { bounded, cut } from '../bounded.js'
import { exhausted } from '../exhausted.js'
import { Failure, type FailureKind } from '../failure.js'
import { printable } from '../printable.js'

/** Error codes of the CNI specification, of its library (8, 999), and our own from 100 on. */
export const ErrorCode = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  inputOutput: 5,
  decoding: 6,
  invalidConfiguration: 7,
  invalidNamespace: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  deviceNotFound: 100,
  nameTaken: 101,
  kernelRefused: 102,
  returnFailed: 103,
  deviceRefused: 104,
  notAsLeft: 105,
  delegateFailed: 106,
  internal: 999,
} as const

const CODES: Record<FailureKind, number> = {
  'configuration-invalid': ErrorCode.invalidConfiguration,
  'sandbox-invalid': ErrorCode.invalidNamespace,
  'sandbox-gone': ErrorCode.invalidNamespace,
  'device-not-found': ErrorCode.deviceNotFound,
  'device-refused': ErrorCode.deviceRefused,
  'name-taken': ErrorCode.nameTaken,
  'kernel-refused': ErrorCode.kernelRefused,
  'return-failed': ErrorCode.returnFailed,
  'not-as-left': ErrorCode.notAsLeft,
  'delegate-failed': ErrorCode.delegateFailed,
  'not-available': ErrorCode.notAvailable,
  'lent-to-nobody': ErrorCode.limitedConnectivity,
  'state-unusable': ErrorCode.inputOutput,
  busy: ErrorCode.tryAgainLater,
  internal: ErrorCode.internal,
}

/** An error in the protocol itself: environment, configuration, version. */
export class CniError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly details = '',
  ) {
    super(message)
    this.name = 'CniError'
  }
}

/** The error document that the specification wants on stdout. */
export interface ErrorDocument {
  cniVersion: string
  code: number
  msg: string
  details?: string
}

/** Converts any thrown value to an error document. */
export function errorDocument(error: unknown, cniVersion: string): ErrorDocument {
  const { code, message, details } = asCniError(error)
  const more = details === '' ? {} : { details: cut(printable(details)) }
  return { cniVersion, code, msg: cut(printable(message)), ...more }
}

/**
 * Converts any thrown value to a CniError.
 * @param more text to append to the details
 */
export function asCniError(error: unknown, more = ''): CniError {
  const { code, message, details } = partsOf(error)
  return new CniError(code, message, joined(details, more))
}

function joined(...sentences: string[]): string {
  return sentences.filter((text) => text !== '').join('; ')
}

function partsOf(error: unknown): { code: number; message: string; details: string } {
  if (error instanceof CniError) return error
  const needed = exhausted(error)
  if (needed)
    return {
      code: ErrorCode.tryAgainLater,
      message: needed,
      // What it is the reason of, and the state of things, if that is known.
      details: error instanceof Failure ? joined(error.message, error.details) : '',
    }
  if (error instanceof Failure)
    return { code: CODES[error.kind], message: error.message, details: error.details }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: isOfKernel(error) ? CODES['kernel-refused'] : ErrorCode.internal,
    message,
    details: '',
  }
}

/** Whether a system call or a request failed: its error has the kernel's number. */
function isOfKernel(error: unknown): boolean {
  return typeof (error as { errno?: unknown } | undefined)?.errno === 'number'
}

/**
 * Runs all steps, even after a failure.
 * @throws CniError with the messages of all failures, and the code of the first or of a defect of ours
 */
export async function runAll(steps: (() => unknown)[]): Promise<void> {
  const errors: CniError[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(asCniError(error))
    }
  }
  const first = errors.find(({ code }) => code === ErrorCode.internal) ?? errors[0]
  if (!first) return
  const details = errors.map((error) => error.details).filter((text) => text !== '')
  const messages = errors.map(({ message }) => message)
  throw new CniError(first.code, bounded(messages).join('; '), bounded(details).join('; '))
}
