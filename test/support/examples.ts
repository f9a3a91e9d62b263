import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { ChainedPlugin, ConfigurationList } from './chain.js'
import { STOCK_DIRECTORY } from './other-plugins.js'
import type { Testbed } from './testbed.js'

const DIRECTORY = new URL('../../cni-conf/', import.meta.url)

/** The name of this plugin in the examples. */
const OURS = 'host-device-l3'

/** The files of cni-conf that a runtime reads: not what configures hooks. */
export const EXAMPLES = readdirSync(DIRECTORY, { recursive: true })
  .map(String)
  .filter((file) => /\.(conflist|json|yaml)$/.test(file) && !/hooks?\.json$/.test(file))
  .toSorted()

/** An example as libcni reads it. A single plugin becomes a list of one. */
export function readExample(file: string): ConfigurationList {
  const text = readFileSync(new URL(file, DIRECTORY), 'utf8')
  const network = JSON.parse(file.endsWith('.yaml') ? text.slice(text.search(/^ *\{/m)) : text)
  if (network.plugins) return network
  const { cniVersion, name, ...plugin } = network
  return { cniVersion, name, plugins: [plugin] }
}

/** A kernel without ipvlan devices, or without their module loaded, has macvlan in their place. */
const hasIpvlan = () => existsSync('/sys/module/ipvlan')

/**
 * An example's list for a testbed: with the artefact as this plugin, and with files of the testbed
 * where the example has files of the node.
 */
export function exampleFor(testbed: Testbed, path: string, file: string): ConfigurationList {
  const list = readExample(file)
  return { ...list, plugins: list.plugins.map((plugin) => adapted(testbed, path, plugin)) }
}

function adapted(testbed: Testbed, path: string, plugin: ChainedPlugin): ChainedPlugin {
  const { stateDirectory } = testbed
  const { type, ipam, logFile } = plugin
  const isOurs = type === OURS
  const standIn = type === 'ipvlan' && !hasIpvlan()
  return {
    ...plugin,
    ...(ipam ? { ipam: { dataDir: `${stateDirectory}/leases`, ...ipam } } : {}),
    ...(logFile ? { logFile: `${stateDirectory}/log` } : {}),
    ...(isOurs ? { type: basename(path), stateDir: stateDirectory } : {}),
    ...(standIn ? { type: 'macvlan', mode: 'bridge' } : {}),
  }
}

/** Whether a plugin of an example is one of Debian's. */
export function isStock({ type }: { type: string }): boolean {
  return existsSync(`${STOCK_DIRECTORY}/${type}`)
}
