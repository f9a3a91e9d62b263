import { KEYS } from '../../build/configuration-keys.js'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import type { Configuration, WrittenConfiguration } from './configuration-schema.js'
import { CniError, ErrorCode } from './error.js'
import type { RawNetwork } from './network.js'

/** Keys of host-device whose work this release does not do: never to be passed over in silence. */
const NOT_OFFERED = ['hwaddr', 'kernelpath', 'pciBusID']

/** As much of a wrong value as an error repeats. */
const QUOTED_CHARACTERS = 100

/**
 * Checks the keys of a network configuration and fills in the defaults.
 * @throws CniError 7 naming the key, its value and what is allowed; 2 for a key
 *   of host-device that is not offered
 */
export function readConfiguration(network: RawNetwork): Configuration {
  refuseWhatIsNotOffered(network)
  for (const { name, required, allowed, check } of KEYS) {
    const value = network[name]
    if (value === undefined ? required : !check(value)) throw invalid(name, value, allowed)
  }
  return { ...CONFIGURATION_DEFAULTS, ...(network as unknown as WrittenConfiguration) }
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

function refuseWhatIsNotOffered(network: RawNetwork): void {
  const { ipam, runtimeConfig } = network as Record<string, { type?: unknown; deviceID?: unknown }>
  const refused: [string, unknown][] = NOT_OFFERED.map((key) => [key, network[key]])
  refused.push(['ipam.type', ipam?.type], ['runtimeConfig.deviceID', runtimeConfig?.deviceID])
  for (const [key, value] of refused)
    if (value)
      throw new CniError(
        ErrorCode.unsupportedField,
        `unsupported field: "${key}" has the value ${JSON.stringify(value)}, and this release does not offer it`,
      )
}
