import { KEYS } from '../../build/configuration-keys.js'
import { isIdentifier } from './environment.js'
import { CniError, ErrorCode } from './error.js'

/**
 * A decoded network configuration. Its name is valid and its keys have the documented spelling;
 * other values are unchecked.
 */
export interface RawNetwork {
  name: string
  [key: string]: unknown
}

/** The keys of a result that this program reads. */
export const RESULT_KEYS = ['cniVersion', 'interfaces', 'ips', 'routes', 'dns', 'ip4', 'ip6']

/** Keys inside nested objects that this program reads. */
export const INNER_KEYS = {
  dynamicAddresses: ['carry', 'lifetime'],
  gvisor: ['timeoutSeconds'],
  ipam: ['type'],
  prevResult: RESULT_KEYS,
  routes: ['default'],
  runtimeConfig: ['deviceID', 'CNIDeviceInfoFile'],
}

/**
 * Decodes the configuration from stdin and checks its name.
 * @throws CniError 6 if it is not a JSON object, 7 if its name is missing or invalid
 */
export async function decodeNetwork(text: string): Promise<RawNetwork> {
  const network = spelledAsDocumented(await decodeObject(text))
  const { name } = network
  requireNetworkName(name)
  return { ...network, name }
}

/** @throws CniError 6 if it is no text, 7 if it is missing or invalid */
export function requireNetworkName(name: unknown): asserts name is string {
  if (name === undefined || name === '')
    throw new CniError(ErrorCode.invalidConfiguration, 'missing network name')
  if (typeof name !== 'string') throw undecodable(`"name" must be a string, not ${kindOf(name)}`)
  if (!isIdentifier(name))
    throw new CniError(
      ErrorCode.invalidConfiguration,
      'invalid characters found in network name',
      name,
    )
}

/** A configuration with the keys that this program reads in their documented spelling. */
export function spelledAsDocumented(object: Record<string, unknown>): Record<string, unknown> {
  const network = respelled(object, SPELLINGS)
  for (const [key, inner] of INNER_SPELLINGS) {
    const value = network[key]
    if (isObject(value)) network[key] = respelled(value, inner)
  }
  return network
}

/** @throws CniError 6 if the text is not a JSON object, or one that is nested too deep */
export async function decodeObject(text: string): Promise<Record<string, unknown>> {
  const value = await parseJson(text).catch((error: unknown) => {
    throw error instanceof SyntaxError ? undecodable(error.message) : error
  })
  if (isObject(value)) return value
  throw undecodable(`the configuration must be an object, not ${kindOf(value)}`)
}

/**
 * @throws SyntaxError that says in which line and column the text stops being JSON, and why; or that
 *   it is nested too deep. What the engine throws without memory or stack is another error
 */
export async function parseJson(text: string): Promise<unknown> {
  try {
    return parseShallow(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const { describeFault } = await import('./json-fault.js')
    throw new SyntaxError(describeFault(text, MOST_LEVELS) ?? TOO_DEEP)
  }
}

/** @throws SyntaxError with the engine's words, or with ours for what is nested too deep */
export function parseShallow(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!isShallow(value)) throw new SyntaxError(TOO_DEEP)
  return value
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function undecodable(reason: string): CniError {
  return new CniError(ErrorCode.decoding, `error unmarshall network config: ${reason}`)
}

/** The value itself could be too long to print. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

/**
 * Renames keys to their documented spelling. This follows Go's JSON decoder: the case of keys does
 * not matter, the last duplicate wins, and null means absent.
 * @param names the documented spellings; other keys stay as they are
 */
export function canonicalKeys(
  object: Record<string, unknown>,
  names: string[],
): Record<string, unknown> {
  return respelled(object, spellingsOf(names))
}

/** The documented spellings, by themselves in lower case. */
type Spellings = ReadonlyMap<string, string>

function spellingsOf(names: string[]): Spellings {
  return new Map(names.map((name) => [name.toLowerCase(), name]))
}

const SPELLINGS = spellingsOf(KEYS.map(({ name }) => name))
const INNER_SPELLINGS = Object.entries(INNER_KEYS).map(
  ([key, names]) => [key, spellingsOf(names)] as const,
)

function respelled(object: Record<string, unknown>, spellings: Spellings): Record<string, unknown> {
  const entries = Object.entries(object)
    .map(([key, value]) => [spellings.get(key.toLowerCase()) ?? key, value] as const)
    .filter(([key, value]) => value !== null || MEANINGFUL_NULLS.includes(key))
  return Object.fromEntries(entries)
}

/** Keys whose null has a meaning: Go encodes an empty list as null. */
const MEANINGFUL_NULLS = ['cni.dev/valid-attachments']

/** Maximum nesting depth of JSON input. Printing far deeper values again overflows the stack. */
const MOST_LEVELS = 1000
/** What is said of more, in the words of the CNI library. */
export const TOO_DEEP = 'exceeded max depth'

/** Whether a JSON value is nested no deeper than MOST_LEVELS. */
function isShallow(value: unknown): boolean {
  let level = [value].filter(isNested)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= MOST_LEVELS) return false
    const below: object[] = []
    // Without flatMap, which would take half a minute for the longest list that stdin can hold.
    for (const one of level)
      for (const child of Array.isArray(one) ? one : Object.values(one))
        if (isNested(child)) below.push(child)
    level = below
  }
  return true
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
