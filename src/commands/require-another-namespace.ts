import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Call } from './call.js'

/**
 * Refuses a sandbox that is the host itself, unless CNI_NETNS_OVERRIDE allows it.
 * @throws Failure `sandbox-invalid`
 */
export function requireAnotherNamespace(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  { environment }: Call,
): void {
  if (['1', 'true'].includes(environment.netnsOverride.toLowerCase())) return
  if (!sandbox.equals(host)) return
  throw new Failure(
    'sandbox-invalid',
    "plugin's netns and netns from CNI_NETNS should not be the same",
  )
}
