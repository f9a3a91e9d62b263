import { faultOf, fileInPlace, PROGRAM_MODES } from './file-in-place.js'
import { installNetwork, readNetwork, requireSameNetwork } from './network-file.js'
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
  const { conf, 'bin-dir': binDirectory = BIN_DIRECTORY, force: isForced = false } = options
  if (conf === undefined && options['conf-dir'] !== undefined)
    throw new Error('--conf-dir needs --conf FILE')
  const confDirectory = options['conf-dir'] ?? CONF_DIRECTORY
  const network = conf === undefined ? undefined : await readNetwork(conf, isForced)
  if (network && !isForced) requireSameNetwork(`${confDirectory}/${network.name}`, network)
  const line = await installIn(binDirectory, (directory) => installProgram(directory, isForced))
  if (!network) return `${line}\n`
  try {
    // After the plugin that it needs.
    const more = await installIn(confDirectory, (directory) => installNetwork(network, directory))
    return `${line}\n${more}\n`
  } catch (error) {
    throw new Error(`${(error as Error).message}; the plugin itself is installed: ${line}`)
  }
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
