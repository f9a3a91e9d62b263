import { Failure, type FailureKind } from '../failure.js'

/** Error codes of the CNI specification, of its library (8, 999), and our own from 100 on. */
export const ErrorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
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

/** The document the specification wants on stdout. */
export interface ErrorDocument {
  cniVersion: string
  code: number
  msg: string
  details?: string
}

/** Puts anything that was thrown into an error document. */
export function errorDocument(error: unknown, cniVersion: string): ErrorDocument {
  const { code, message, details } = asCniError(error)
  return { cniVersion, code, msg: message, ...(details === '' ? {} : { details }) }
}

/**
 * Gives anything that was thrown its code.
 * @param more what else there is to say, after the details it has
 */
export function asCniError(error: unknown, more = ''): CniError {
  const { code, message, details } = read(error)
  return new CniError(code, message, [details, more].filter((text) => text !== '').join('; '))
}

function read(error: unknown): { code: number; message: string; details: string } {
  if (error instanceof CniError) return error
  if (error instanceof Failure)
    return { code: CODES[error.kind], message: error.message, details: error.details }
  const message = error instanceof Error ? error.message : String(error)
  return { code: ErrorCode.internal, message, details: '' }
}
