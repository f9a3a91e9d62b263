import { CniError, ErrorCode } from './error.js'

export const SUPPORTED_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const
export type CniVersion = (typeof SUPPORTED_VERSIONS)[number]
export const LATEST_VERSION: CniVersion = '1.1.0'

/** What the specification says a configuration without a version has. */
const DEFAULT_VERSION = '0.1.0'

/**
 * The version of a configuration.
 * @throws CniError 6 when it is not a string, 1 when it is not supported
 */
export function requireSupportedVersion(cniVersion: unknown): CniVersion {
  const version = cniVersion || DEFAULT_VERSION
  if (typeof version !== 'string')
    throw new CniError(
      ErrorCode.decoding,
      `decoding version from network config: "cniVersion" must be a string, not ${JSON.stringify(version)}`,
    )
  const supported = SUPPORTED_VERSIONS.find((candidate) => candidate === version)
  if (supported) return supported
  const list = SUPPORTED_VERSIONS.map((candidate) => JSON.stringify(candidate)).join(' ')
  throw new CniError(
    ErrorCode.incompatibleVersion,
    'incompatible CNI versions',
    `config is ${JSON.stringify(version)}, plugin supports [${list}]`,
  )
}

/** Since 1.0.0 an address in a result no longer says of which IP version it is. */
export function namesIpVersions(version: CniVersion): boolean {
  return version.startsWith('0.')
}
