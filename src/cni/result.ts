import { isIP } from 'node:net'
import { CniError, ErrorCode } from './error.js'
import { PACKED, type PackedResult, unpackResultRoutes } from './packed-result.js'
import type {
  OneFamily,
  Result,
  ResultAddress,
  ResultInterface,
  ResultRoute,
} from './result-schema.js'
import { type CniVersion, isAtLeast, SUPPORTED_VERSIONS } from './version.js'

/**
 * Converts a result of any version to the 1.x form, which the rest of the program uses. Unknown
 * fields are kept.
 * @param assumed the version of a result without `cniVersion`
 * @throws CniError 6 for an unknown version or an invalid address
 */
export function decodeResult(result: Result, assumed: CniVersion): Result {
  const version = requireVersion(result.cniVersion || assumed)
  const { ip4, ip6, ...rest } = result
  const modern = isAtLeast(version, '0.3.0')
    ? { ...rest, ...(rest.ips ? { ips: rest.ips.map(withoutVersion) } : {}) }
    : { ...rest, ...bothFamilies([ip4, ip6].filter((family) => family !== undefined)) }
  requireAddresses(modern)
  return modern
}

function requireVersion(version: string): CniVersion {
  const supported = SUPPORTED_VERSIONS.find((candidate) => candidate === version)
  if (supported) return supported
  throw invalid(`unsupported CNI result version ${JSON.stringify(version)}`)
}

/** Drops `version`, which CNI 1.0.0 removed: the address itself shows its family. */
function withoutVersion({ version, ...address }: ResultAddress): ResultAddress {
  return address
}

function bothFamilies(families: OneFamily[]): Pick<Result, 'ips' | 'routes'> {
  return {
    ips: families.map(({ ip, gateway }) => ({
      address: ip,
      ...(gateway === undefined ? {} : { gateway }),
    })),
    routes: families.flatMap(({ routes }) => routes ?? []),
  }
}

function requireAddresses({ ips, routes }: Result): void {
  for (const { address, gateway } of ips ?? []) {
    requirePrefix(address)
    if (gateway !== undefined) requireIp(gateway)
  }
  for (const { dst, gw } of routes ?? ([] as ResultRoute[])) {
    requirePrefix(dst)
    if (gw !== undefined) requireIp(gw)
  }
}

function requirePrefix(text: string): void {
  const [address = '', length = '', ...rest] = text.split('/')
  const longest = isIpAddress(address) ? (isIpv6(address) ? 128 : 32) : undefined
  const fits = longest !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= longest
  if (!fits || rest.length > 0) throw invalid(`invalid CIDR address: ${text}`)
}

function requireIp(text: string): void {
  if (!isIpAddress(text)) throw invalid(`invalid IP address: ${text}`)
}

/** A zone is no part of an address in a result, as in the CNI library. */
function isIpAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

function invalid(message: string): CniError {
  return new CniError(ErrorCode.decoding, message)
}

/**
 * Converts a result from the 1.x form to the form of a version.
 * @throws CniError 7 if the version is 0.1.0 or 0.2.0 and the result has no address
 */
export function encodeResult(
  { cniVersion: _, ...result }: PackedResult,
  cniVersion: CniVersion,
): object {
  if (isAtLeast(cniVersion, '1.0.0')) return { cniVersion, ...result }
  if (!isAtLeast(cniVersion, '0.3.0')) return byFamily(result, cniVersion)
  const { interfaces, ips } = result
  return {
    cniVersion,
    ...result,
    ...(interfaces ? { interfaces: interfaces.map(asBefore1) } : {}),
    ...(ips ? { ips: ips.map((ip) => ({ version: isIpv6(ip.address) ? '6' : '4', ...ip })) } : {}),
  }
}

/** `mtu`, `socketPath` and `pciID` came with 1.1.0. */
function asBefore1({ mtu, socketPath, pciID, ...before }: ResultInterface): ResultInterface {
  return before
}

/** 0.1.0 and 0.2.0: the first address of each family, with the routes of that family. */
function byFamily(result: PackedResult, cniVersion: CniVersion): object {
  const { interfaces, ips, routes = [], [PACKED]: packed = [], ...rest } = result
  const all = { ...result, routes: [...routes, ...packed.flatMap(unpackResultRoutes)] }
  const ip4 = oneFamily(all, false)
  const ip6 = oneFamily(all, true)
  if (!ip4 && !ip6)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      'cannot convert: no valid IP addresses',
      `a result of CNI ${cniVersion} cannot be without an address`,
    )
  return { cniVersion, ...rest, ...(ip4 ? { ip4 } : {}), ...(ip6 ? { ip6 } : {}) }
}

function oneFamily({ ips, routes }: Result, v6: boolean): OneFamily | undefined {
  const first = ips?.find(({ address }) => isIpv6(address) === v6)
  if (!first) return undefined
  const own = (routes ?? []).filter(({ dst }) => isIpv6(dst) === v6).map(destinationAndGateway)
  return {
    ip: first.address,
    ...(first.gateway === undefined ? {} : { gateway: first.gateway }),
    ...(own.length > 0 ? { routes: own } : {}),
  }
}

function destinationAndGateway({ dst, gw }: ResultRoute): ResultRoute {
  return gw === undefined ? { dst } : { dst, gw }
}

function isIpv6(address: string): boolean {
  return address.includes(':')
}
