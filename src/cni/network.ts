import { KEYS } from '../../build/configuration-keys.js'
import { canonicalKeys } from './canonical-keys.js'
import { isIdentifier } from './environment.js'
import { CniError, ErrorCode } from './error.js'
import { isShallow } from './is-shallow.js'
import { RESULT_KEYS } from './result/keys.js'

/**
 * A network configuration as it came in: an object with a name, its keys spelled
 * as documented, not looked into further.
 */
export interface RawNetwork {
  name: string
  [key: string]: unknown
}

/** What this program reads inside of other keys. */
const INNER_KEYS = {
  gvisor: ['timeoutSeconds'],
  ipam: ['type'],
  prevResult: RESULT_KEYS,
  runtimeConfig: ['deviceID'],
}

/**
 * Decodes the configuration on stdin as far as every command needs it.
 * @throws CniError 6 when it is not a JSON object, 7 when its name cannot be one
 */
export function decodeNetwork(text: string): RawNetwork {
  const network = spelledAsDocumented(decodeObject(text))
  const { name } = network
  if (name === undefined || name === '')
    throw new CniError(ErrorCode.invalidConfiguration, 'missing network name')
  if (typeof name !== 'string') throw undecodable(`"name" must be a string, not ${quote(name)}`)
  if (!isIdentifier(name))
    throw new CniError(
      ErrorCode.invalidConfiguration,
      'invalid characters found in network name',
      name,
    )
  return { ...network, name }
}

function spelledAsDocumented(object: Record<string, unknown>): Record<string, unknown> {
  const names = KEYS.map(({ name }) => name)
  const network = canonicalKeys(object, names)
  for (const [key, inner] of Object.entries(INNER_KEYS)) {
    const value = network[key]
    if (isObject(value)) network[key] = canonicalKeys(value, inner)
  }
  return network
}

function decodeObject(text: string): Record<string, unknown> {
  if (text.trim() === '') throw undecodable('unexpected end of JSON input')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw undecodable((error as Error).message)
  }
  if (!isShallow(value)) throw undecodable('exceeded max depth')
  if (isObject(value)) return value
  throw undecodable(`the configuration must be an object, not ${quote(value)}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function undecodable(reason: string): CniError {
  return new CniError(ErrorCode.decoding, `error unmarshall network config: ${reason}`)
}

const quote = (value: unknown) => JSON.stringify(value).slice(0, 80)
