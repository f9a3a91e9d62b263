import { readFileSync, writeSync } from 'node:fs'
import { asCniError } from '../../cni/error.js'
import { canonicalKeys, decodeObject, isObject } from '../../cni/network.js'
import { readText, readWritten } from '../configuration-file.js'
import { asLine, findingsIn } from '../validate/validate.js'
import { faultOf, fileInPlace, isThere, NETWORK_MODES } from './file-in-place.js'
import { configurationName, ownEntriesIn } from './networks.js'
import { requireNoLink } from './own-file.js'
import { replaceFile } from './replace-file.js'

/** A configuration to install. */
export interface NetworkFile {
  /** Of the file. */
  name: string
  text: string
  /** The name of the network. */
  network: unknown
}

/**
 * Reads a configuration, and makes sure that a runtime would load it.
 * @throws Error that names each mistake in it, unless `isForced`
 */
export async function readNetwork(path: string, isForced: boolean): Promise<NetworkFile> {
  const name = configurationName(path)
  const text = readText(path)
  const decoded = await decodeObject(text).catch((error: unknown) => {
    throw new Error(`${path}: ${asCniError(error).message}`)
  })
  const { name: network, ...kind } = canonicalKeys(decoded, ['name', 'plugins', 'type'])
  requireLoadable(path, kind)
  const mistakes = isForced ? [] : await findingsIn(path)
  if (mistakes.length > 0)
    throw new Error(
      `${path} has mistakes; --force installs it all the same\n${mistakes.map(asLine).join('').trimEnd()}`,
    )
  return { name, text, network }
}

/**
 * Makes sure that CNI's library takes a file for what it is, which it tells from the name. A node
 * whose runtime loads no network is not ready.
 * @throws Error
 */
function requireLoadable(path: string, { plugins, type }: Record<string, unknown>): void {
  if (plugins === undefined && type === undefined)
    throw new Error(`${path} is no network configuration: it has neither "plugins" nor "type"`)
  if (path.endsWith('.conflist') && plugins === undefined)
    throw new Error(
      `${path} is a single configuration, and a runtime reads a list from a .conflist file: call it .conf`,
    )
  if (!path.endsWith('.conflist') && type === undefined)
    throw new Error(
      `${path} is a list, and a runtime reads a single configuration from a file of this name: call it .conflist`,
    )
}

/**
 * Makes sure that what has the name of a configuration is the same, or an earlier version of it: the
 * network has its name, and this plugin in it. Another one, such as that of all pods, would be lost.
 * @param place nothing there is right, too
 * @throws Error that says what --force does
 */
export function requireSameNetwork(place: string, { text, network }: NetworkFile): void {
  if (!isThere(place) || (fileInPlace(place) && readFileSync(place, 'utf8') === text)) return
  requireNoLink(place, 'replaces')
  const { network: found } = readWritten(place)
  const isSame = isObject(found) && canonicalKeys(found, ['name']).name === network
  if (isSame && !ownEntriesIn(found).next().done) return
  throw new Error(
    `${place} is there, and is not the network ${JSON.stringify(network)} with this plugin in it: look at it; --force replaces it`,
  )
}

/**
 * Puts a configuration into a directory, unless it is there.
 * @param directory locked by the caller
 * @returns a line without its end
 */
export async function installNetwork(
  { name, text }: NetworkFile,
  directory: string,
): Promise<string> {
  const place = `${directory}/${name}`
  const found = fileInPlace(place)
  const fault = found && faultOf(found, NETWORK_MODES)
  if (found && fault === undefined && readFileSync(place, 'utf8') === text)
    return `${place} is there already`
  await replaceFile(directory, name, 0o644, (fd) => {
    for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest))
  })
  const former = fault === undefined ? 'a former version of it' : `a file with ${fault}`
  return `${place} is there now${found ? `, in place of ${former}` : ''}`
}
