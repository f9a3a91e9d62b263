import { isIdentifier } from './environment.js'
import { CniError, ErrorCode } from './error.js'

/** A network configuration as it came in: an object with a name, not looked into further. */
export interface RawNetwork {
  name: string
  [key: string]: unknown
}

/**
 * Decodes the configuration on stdin as far as every command needs it.
 * @throws CniError 6 when it is not a JSON object, 7 when its name cannot be one
 */
export function decodeNetwork(text: string): RawNetwork {
  const network = decodeObject(text)
  const { name } = network
  if (name === undefined || name === null || name === '')
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

function decodeObject(text: string): Record<string, unknown> {
  if (text.trim() === '') throw undecodable('unexpected end of JSON input')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw undecodable((error as Error).message)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw undecodable(`the configuration must be an object, not ${quote(value)}`)
}

function undecodable(reason: string): CniError {
  return new CniError(ErrorCode.decoding, `error unmarshall network config: ${reason}`)
}

const quote = (value: unknown) => JSON.stringify(value).slice(0, 80)
