import { readFileSync, writeSync } from 'node:fs'
import { asCniError } from '../../cni/error.js'
import { canonicalKeys, decodeObject } from '../../cni/network.js'
import { readText } from '../configuration-file.js'
import { asLine, findingsIn } from '../validate/validate.js'
import { faultOf, fileInPlace, NETWORK_MODES, PROGRAM_MODES } from './file-in-place.js'
import { isOwn, requireOwn } from './own-file.js'
import {
  compareVersions,
  copyInto,
  haveSameContents,
  ownProgram,
  requireThisMachine,
  versionOf,
} from './program-file.js'
import { lockDirectory, replaceFile } from './replace-file.js'
import { CONFIGURATION_FILE } from './state-directories.js'
import { withCure } from './with-cure.js'

/** The name by which configurations call the plugin. */
export const PLUGIN = 'host-device-l3'

/** The directories in which runtimes look, unless they are told others. */
export const BIN_DIRECTORY = '/opt/cni/bin'
export const CONF_DIRECTORY = '/etc/cni/net.d'

/** Options of `install`. */
export interface InstallOptions {
  'bin-dir'?: string | undefined
  conf?: string | undefined
  'conf-dir'?: string | undefined
  force?: boolean | undefined
}

/**
 * `install`: puts this program where the runtime looks for plugins, and then a configuration where
 * it looks for networks. Each takes its place at once, after it is known to be good.
 * @returns a line for each file
 * @throws Error if a file is not installed; it then is as it was
 */
export async function install(options: InstallOptions): Promise<string> {
  const isForced = options.force === true
  const configuration =
    options.conf === undefined ? undefined : await readNetwork(options.conf, isForced)
  if (configuration === undefined && options['conf-dir'] !== undefined)
    throw new Error('--conf-dir needs --conf FILE')
  const lines = [
    await installIn(options['bin-dir'] ?? BIN_DIRECTORY, (directory) =>
      installProgram(directory, isForced),
    ),
  ]
  // After the plugin that it needs.
  if (configuration)
    lines.push(
      await installIn(options['conf-dir'] ?? CONF_DIRECTORY, (directory) =>
        installNetwork(configuration, directory),
      ),
    )
  return lines.map((line) => `${line}\n`).join('')
}

/** Does something in a directory while no other call of `install` does. */
async function installIn(
  directory: string,
  work: (directory: string) => Promise<string>,
): Promise<string> {
  try {
    using _ = lockDirectory(directory)
    return await work(directory)
  } catch (error) {
    throw withCure(error, directory)
  }
}

async function installProgram(directory: string, isForced: boolean): Promise<string> {
  const own = ownProgram()
  const place = `${directory}/${PLUGIN}`
  requireThisMachine(own)
  const version = await versionOf(own)
  const found = fileInPlace(place)
  const fault = found && faultOf(found, PROGRAM_MODES)
  // What others may have changed, or is another program, is not run, not even to ask for its version.
  const isRun = found && fault === undefined && isOwn(place) === true
  const former = isRun ? await knownVersionOf(place) : undefined
  // One that does not run may have a label or a list of rights of its own, which a new file has not.
  if (former === version && haveSameContents(own, place))
    return `${place} is this version already, ${version}`
  if (former !== undefined && compareVersions(former, version) > 0 && !isForced)
    return `${place} is newer, ${former}, and stays; --force replaces it with ${version}`
  if (!isForced) requireOwn(place, 'replaces')
  await replaceFile(
    ...([directory, PLUGIN, 0o755] as const),
    (fd) => copyInto(fd, own),
    // A file system that no program may be run from, such as one mounted noexec, shows here.
    async (path) => void (await versionOf(path)),
  )
  const replaced = fault === undefined ? former : `a file with ${fault}`
  return `${place} is version ${version} now${replaced === undefined ? '' : `, in place of ${replaced}`}`
}

/** Undefined for one that does not run: it is not worth keeping. */
async function knownVersionOf(path: string): Promise<string | undefined> {
  try {
    return await versionOf(path)
  } catch {
    return undefined
  }
}

/**
 * The name of a configuration in the directory in which runtimes look.
 * @param path its path or its name
 * @throws Error for a name that no runtime reads
 */
export function configurationName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (CONFIGURATION_FILE.test(name)) return name
  throw new Error(`no runtime reads a configuration called ${name}: it needs .conflist or .conf`)
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

interface NetworkFile {
  name: string
  text: string
}

async function readNetwork(path: string, isForced: boolean): Promise<NetworkFile> {
  const name = configurationName(path)
  const text = readText(path)
  const network = await decodeObject(text).catch((error: unknown) => {
    throw new Error(`${path}: ${asCniError(error).message}`)
  })
  requireLoadable(path, canonicalKeys(network, ['plugins', 'type']))
  const mistakes = isForced ? [] : await findingsIn(path)
  if (mistakes.length > 0)
    throw new Error(
      `${path} has mistakes; --force installs it all the same\n${mistakes.map(asLine).join('').trimEnd()}`,
    )
  return { name, text }
}

async function installNetwork({ name, text }: NetworkFile, directory: string): Promise<string> {
  const place = `${directory}/${name}`
  const found = fileInPlace(place)
  const fault = found && faultOf(found, NETWORK_MODES)
  if (found && fault === undefined && readFileSync(place, 'utf8') === text)
    return `${place} is there already`
  await replaceFile(directory, name, 0o644, (fd) => {
    for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest))
  })
  return `${place} is there now${fault === undefined ? '' : `, in place of a file with ${fault}`}`
}
