import { CniError, ErrorCode } from './error.js'

export const SUPPORTED_VERSIONS = [
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.3.1',
  '0.4.0',
  '1.0.0',
  '1.1.0',
] as const
export type CniVersion = (typeof SUPPORTED_VERSIONS)[number]
export const LATEST_VERSION: CniVersion = '1.1.0'

/** Version that the specification assumes if `cniVersion` is absent. */
const DEFAULT_VERSION = '0.1.0'

/** The CNI library's names for the parts of a version, for error messages. */
const PARTS = ['major', 'minor', 'micro']

/** The CNI version that introduced a command. The other commands exist in every version. */
const SINCE: Record<string, CniVersion> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' }

/**
 * The version of a configuration.
 * @throws CniError 6 if it is not a string, or if it is malformed and the command needs a minimum
 *   version; 1 if it is unsupported or older than the command
 */
export function requireSupportedVersion(cniVersion: unknown, command: string): CniVersion {
  const version = cniVersion === undefined || cniVersion === '' ? DEFAULT_VERSION : cniVersion
  if (typeof version !== 'string')
    throw undecodable(
      `decoding version from network config: "cniVersion" must be a string, not ${JSON.stringify(version)}`,
    )
  const supported = SUPPORTED_VERSIONS.find((candidate) => candidate === version)
  const since = SINCE[command] ?? SUPPORTED_VERSIONS[0]
  if (supported && !isAtLeast(supported, since))
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `config version does not allow ${command}`,
      `config is ${JSON.stringify(version)}, ${command} needs "${since}"`,
    )
  if (supported) return supported
  if (Object.hasOwn(SINCE, command)) requireComparable(version)
  const list = SUPPORTED_VERSIONS.map((candidate) => JSON.stringify(candidate)).join(' ')
  throw new CniError(
    ErrorCode.incompatibleVersion,
    'incompatible CNI versions',
    `config is ${JSON.stringify(version)}, plugin supports [${list}]`,
  )
}

/** Whether `version` >= `other`. */
export function isAtLeast(version: CniVersion, other: CniVersion): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(other)
}

/** @throws CniError 6 if the text is not MAJOR.MINOR.MICRO */
function requireComparable(version: string): void {
  const parts = version.split('.')
  if (parts.length > PARTS.length)
    throw undecodable(`invalid version ${JSON.stringify(version)}: too many parts`)
  const wrong = parts.findIndex((part) => !/^\d+$/.test(part))
  if (wrong === -1) return
  const part = JSON.stringify(parts[wrong])
  throw undecodable(`failed to convert ${PARTS[wrong]} version part ${part}: it must be a number`)
}

function undecodable(message: string): CniError {
  return new CniError(ErrorCode.decoding, message)
}
