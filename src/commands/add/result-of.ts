import { expressResult } from '../../cni/result/express.js'
import { type Contribution, mergeIntoResult } from '../../cni/result/merge.js'
import type { Result } from '../../cni/result/schema.js'
import type { Call } from '../call.js'

/**
 * The result of an ADD, in the form of the call's version: what earlier plugins
 * reported, then what IPAM assigned, then what was carried.
 * @throws CniError where the version has no form for it
 */
export function resultOf(
  { configuration, cniVersion }: Call,
  contribution: Contribution,
  assigned: Result | undefined,
): object {
  const { prevResult, dns } = configuration
  const fromIpam = {
    interface: contribution.interface,
    ips: assigned?.ips ?? [],
    routes: assigned?.routes ?? [],
  }
  const merged = mergeIntoResult(mergeIntoResult(prevResult, fromIpam), contribution)
  const named = [dns, prevResult?.dns, assigned?.dns].find((one) => Object.keys(one ?? {}).length)
  return expressResult(named ? { ...merged, dns: named } : merged, cniVersion)
}
