import { isIP } from 'node:net'
import { CniError, ErrorCode } from '../error.js'
import { type CniVersion, isAtLeast, SUPPORTED_VERSIONS } from '../version.js'
import type { OneFamily, Result, ResultAddress, ResultRoute } from './schema.js'

/**
 * Brings a result of any version into the form of 1.x, in which this program
 * works. Fields it does not know stay.
 * @param assumed the version of a result that names none
 * @throws CniError 6 for a version or an address that cannot be
 */
export function understandResult(result: Result, assumed: CniVersion): Result {
  const version = requireVersion(result.cniVersion || assumed)
  const { ip4, ip6, ...rest } = result
  const modern = isAtLeast(version, '0.3.0')
    ? { ...rest, ...(rest.ips ? { ips: rest.ips.map(withoutVersion) } : {}) }
    : { ...rest, ...gathered([ip4, ip6].filter((family) => family !== undefined)) }
  requireAddresses(modern)
  return modern
}

function requireVersion(version: string): CniVersion {
  const supported = SUPPORTED_VERSIONS.find((candidate) => candidate === version)
  if (supported) return supported
  throw invalid(`unsupported CNI result version ${JSON.stringify(version)}`)
}

/** The family shows in the address itself. */
function withoutVersion({ version, ...address }: ResultAddress): ResultAddress {
  return address
}

function gathered(families: OneFamily[]): Pick<Result, 'ips' | 'routes'> {
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
  const longest = { 4: 32, 6: 128 }[isIP(address)]
  const fits = longest !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= longest
  if (!fits || rest.length > 0) throw invalid(`invalid CIDR address: ${text}`)
}

function requireIp(text: string): void {
  if (isIP(text) === 0) throw invalid(`invalid IP address: ${text}`)
}

function invalid(message: string): CniError {
  return new CniError(ErrorCode.decoding, message)
}
