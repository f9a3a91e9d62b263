import { KEYS } from '../../build/configuration-keys.js'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import type { Configuration, WrittenConfiguration } from './configuration-schema.js'
import { CniError, ErrorCode } from './error.js'
import type { RawNetwork } from './network.js'

/** As much of a wrong value as an error repeats. */
const QUOTED_CHARACTERS = 100

/**
 * Checks the keys of a network configuration and fills in the defaults.
 * @throws CniError 7 naming the key, its value and what is allowed
 */
export function readConfiguration(network: RawNetwork): Configuration {
  for (const { name, required, allowed, check } of KEYS) {
    const value = network[name]
    if (value === undefined ? required : !check(value)) throw invalid(name, value, allowed)
  }
  return { ...CONFIGURATION_DEFAULTS, ...(network as unknown as WrittenConfiguration) }
}

/** Keys that mean nothing here: no error in CNI. */
export function unknownKeys(network: RawNetwork): string[] {
  return Object.keys(network).filter((key) => !KEYS.some(({ name }) => name === key))
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
