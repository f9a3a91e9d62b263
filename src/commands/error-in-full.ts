import { CONFIGURATION_DEFAULTS } from '../cni/configuration-defaults.js'
import type { Environment } from '../cni/environment.js'
import { CniError, ErrorCode, type ErrorDocument, errorDocument } from '../cni/error.js'
import type { RawNetwork } from '../cni/network.js'
import { withSubject } from './error-subject.js'

/** An error with all that it does not know itself: what the call is about, and which record is damaged. */
export async function inFull(
  document: ErrorDocument,
  environment: Environment,
  network: RawNetwork,
): Promise<ErrorDocument> {
  const { code } = document
  const isOfRecord = RETURNS.includes(environment.command) && MAYBE_DAMAGE.includes(code)
  const known =
    code === ErrorCode.internal || isOfRecord
      ? await withDamageOf(document, environment, network)
      : document
  return withSubject(known, environment, network)
}

/** Commands that do what a record says. */
const RETURNS = ['DEL', 'GC']
/** Errors that have their cause in a record, or elsewhere. */
const MAYBE_DAMAGE: number[] = [ErrorCode.kernelRefused, ErrorCode.returnFailed]

async function withDamageOf(
  { cniVersion, code, msg, details }: ErrorDocument,
  { containerId }: Environment,
  { stateDir }: RawNetwork,
): Promise<ErrorDocument> {
  const { orDamage, withDamage } = await import('./damaged-record.js')
  const directory = typeof stateDir === 'string' ? stateDir : CONFIGURATION_DEFAULTS.stateDir
  const error = new CniError(code, msg, details)
  const full =
    code === ErrorCode.internal
      ? orDamage(directory, error)
      : withDamage(directory, error, containerId)
  return errorDocument(full, cniVersion)
}
