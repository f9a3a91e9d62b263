import { Value } from '@sinclair/typebox/value'
import { type Configuration, ConfigurationSchema } from './configuration-schema.js'
import { CniError, ErrorCode } from './error.js'
import type { RawNetwork } from './network.js'

/** Keys of host-device whose work this release does not do: never to be passed over in silence. */
const NOT_OFFERED = ['hwaddr', 'kernelpath', 'pciBusID']

/**
 * Checks the keys of a network configuration and fills in the defaults.
 * @throws CniError 7 naming the key, its value and what is allowed; 2 for a key
 *   of host-device that is not offered
 */
export function readConfiguration(network: RawNetwork): Configuration {
  refuseWhatIsNotOffered(network)
  const [problem] = Value.Errors(ConfigurationSchema, network)
  if (problem) {
    const key = problem.path.slice(1).replaceAll('/', '.')
    const found =
      problem.value === undefined ? 'is missing' : `has the value ${JSON.stringify(problem.value)}`
    const meaning = problem.schema.description ? `; it is ${problem.schema.description}` : ''
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `invalid configuration: "${key}" ${found}: ${problem.message.toLowerCase()}${meaning}`,
    )
  }
  return Value.Default(ConfigurationSchema, network) as Configuration
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
