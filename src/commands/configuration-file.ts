import { readFileSync } from 'node:fs'
import { readConfiguration } from '../cni/configuration.js'
import type { Configuration, WrittenConfiguration } from '../cni/configuration-schema.js'
import { canonicalKeys, decodeObject, isObject, spelledAsDocumented } from '../cni/network.js'

/**
 * A configuration from a file, or this plugin's entry in a list of them. The keys are taken as ADD
 * takes them.
 * @param name of the network, if the file does not have it
 * @param file undefined for the defaults
 * @param given keys in place of the file's
 * @throws the system's error, or CniError for an invalid configuration
 */
export async function readConfigurationFile(
  name: string,
  file: string | undefined,
  given: Partial<WrittenConfiguration> = {},
): Promise<Configuration> {
  const network = file === undefined ? {} : ownPart(await decodeObject(readFileSync(file, 'utf8')))
  return readConfiguration({ name, ...spelledAsDocumented(network), ...given })
}

/** This plugin's entry in a configuration list. */
function ownPart(network: Record<string, unknown>): Record<string, unknown> {
  const { plugins } = canonicalKeys(network, ['plugins'])
  const entries = Array.isArray(plugins) ? plugins.filter(isObject) : []
  return (
    entries.find((entry) => canonicalKeys(entry, ['type']).type === 'host-device-l3') ?? network
  )
}
