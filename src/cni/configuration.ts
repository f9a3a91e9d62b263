import { KEYS } from '../../build/configuration-keys.js'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import type { Configuration, WrittenConfiguration } from './configuration-schema.js'
import { INTERFACE_NAME_BYTES } from './environment.js'
import { CniError, ErrorCode } from './error.js'
import type { RawNetwork } from './network.js'

/** Maximum number of characters of a wrong value quoted in an error. */
const QUOTED_CHARACTERS = 100

/** Maximum number of unknown keys that are looked at, of a configuration that may have a million. */
const MOST_UNKNOWN_KEYS = 100

/**
 * Checks the keys of a network configuration and fills in the defaults.
 * @throws CniError 7 that states the key, its value and what is allowed
 */
export function readConfiguration(network: RawNetwork): Configuration {
  requireConfiguration(network)
  return withDefaults(network)
}

/**
 * Adds the defaults of the keys that were left out. A bare device comes home bare, as upstream's
 * does, unless `restoreOnDelete` says otherwise.
 */
export function withDefaults(written: WrittenConfiguration): Configuration {
  const defaults = { ...CONFIGURATION_DEFAULTS, ...written }
  const { restoreOnDelete = defaults.useInterfaceNetwork } = written
  return { ...defaults, restoreOnDelete }
}

/** @throws CniError 7 for the first key that is missing or has a value that is not allowed */
export function requireConfiguration(
  network: RawNetwork,
): asserts network is RawNetwork & WrittenConfiguration {
  for (const { name, required, allowed, check } of KEYS) {
    const value = network[name]
    const isValid = value === undefined ? !required : check(value) && fits(name, value)
    if (!isValid) throw invalid(name, value, allowed)
  }
}

/** What a schema cannot say of a name: how many bytes it has, and that it has no half of a pair. */
function fits(key: string, value: unknown): boolean {
  if (key !== 'ifName') return true
  const bytes = Buffer.from(String(value))
  return bytes.length <= INTERFACE_NAME_BYTES && bytes.toString() === value
}

/**
 * The keys that this plugin does not know. CNI allows them. Each comes with the known key at edit
 * distance 1, which may be the one meant.
 */
export function unknownKeys(network: RawNetwork): { key: string; meant?: string }[] {
  return Object.keys(network)
    .filter((key) => !KEYS.some(({ name }) => name === key))
    .slice(0, MOST_UNKNOWN_KEYS)
    .map((key) => {
      const meant = KEYS.find(({ name }) => isOneEditAway(key.toLowerCase(), name.toLowerCase()))
      return meant ? { key, meant: meant.name } : { key }
    })
}

/** Whether one letter was left out, added or replaced. */
function isOneEditAway(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (a === b || long.length - short.length > 1) return false
  let same = 0
  while (same < short.length && short[same] === long[same]) same++
  const rest = long.slice(same + 1)
  return rest === short.slice(short.length === long.length ? same + 1 : same)
}

function invalid(key: string, value: unknown, allowed: string): CniError {
  const found =
    value === undefined
      ? 'is missing'
      : `cannot be ${JSON.stringify(value).slice(0, QUOTED_CHARACTERS)}`
  return new CniError(
    ErrorCode.invalidConfiguration,
    `invalid configuration: "${key}" ${found}; it must be ${allowed}`,
  )
}
