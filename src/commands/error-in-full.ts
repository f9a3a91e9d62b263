import { CONFIGURATION_DEFAULTS } from '../cni/configuration-defaults.js'
import type { Environment } from '../cni/environment.js'
import { CniError, ErrorCode, type ErrorDocument, errorDocument } from '../cni/error.js'
import type { RawNetwork } from '../cni/network.js'
import { withSubject } from './subject.js'

/** An error with all that it does not know itself: what the call is about, and which record is damaged. */
export async function inFull(
  document: ErrorDocument,
  environment: Environment,
  network: RawNetwork,
): Promise<ErrorDocument> {
  const known =
    document.code === ErrorCode.internal ? await orDamageOf(document, network) : document
  return withSubject(known, environment, network)
}

async function orDamageOf(
  { cniVersion, code, msg, details }: ErrorDocument,
  { stateDir }: RawNetwork,
): Promise<ErrorDocument> {
  const { orDamage } = await import('./damaged-record.js')
  const directory = typeof stateDir === 'string' ? stateDir : CONFIGURATION_DEFAULTS.stateDir
  return errorDocument(orDamage(directory, new CniError(code, msg, details)), cniVersion)
}
