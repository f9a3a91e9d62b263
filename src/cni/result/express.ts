import { CniError, ErrorCode } from '../error.js'
import { type CniVersion, isAtLeast } from '../version.js'
import type { OneFamily, Result, ResultInterface, ResultRoute } from './schema.js'

/**
 * Puts a result into the form of a version.
 * @throws CniError 7 for 0.1.0 and 0.2.0, which cannot express a result without addresses
 */
export function expressResult(
  { cniVersion: _, ...result }: Result,
  cniVersion: CniVersion,
): object {
  if (isAtLeast(cniVersion, '1.0.0')) return { cniVersion, ...result }
  if (!isAtLeast(cniVersion, '0.3.0')) return byFamily(result, cniVersion)
  const { interfaces, ips } = result
  return {
    cniVersion,
    ...result,
    ...(interfaces ? { interfaces: interfaces.map(asBefore1) } : {}),
    ...(ips ? { ips: ips.map((ip) => ({ version: isIPv6(ip.address) ? '6' : '4', ...ip })) } : {}),
  }
}

function asBefore1({ mtu, socketPath, pciID, ...before }: ResultInterface): ResultInterface {
  return before
}

/** The first address of each family, with the routes of that family. */
function byFamily(result: Result, cniVersion: CniVersion): object {
  const { interfaces, ips, routes, ...rest } = result
  const ip4 = oneFamily(result, false)
  const ip6 = oneFamily(result, true)
  if (!ip4 && !ip6)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      'cannot convert: no valid IP addresses',
      `a result of CNI ${cniVersion} cannot be without an address`,
    )
  return { cniVersion, ...rest, ...(ip4 ? { ip4 } : {}), ...(ip6 ? { ip6 } : {}) }
}

function oneFamily({ ips, routes }: Result, v6: boolean): OneFamily | undefined {
  const first = ips?.find(({ address }) => isIPv6(address) === v6)
  if (!first) return undefined
  const own = (routes ?? []).filter(({ dst }) => isIPv6(dst) === v6).map(destinationAndGateway)
  return {
    ip: first.address,
    ...(first.gateway === undefined ? {} : { gateway: first.gateway }),
    ...(own.length > 0 ? { routes: own } : {}),
  }
}

function destinationAndGateway({ dst, gw }: ResultRoute): ResultRoute {
  return gw === undefined ? { dst } : { dst, gw }
}

function isIPv6(address: string): boolean {
  return address.includes(':')
}
