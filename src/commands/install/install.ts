import { existsSync, readFileSync, writeSync } from 'node:fs'
import { decodeObject } from '../../cni/network.js'
import { readText } from '../configuration-file.js'
import { asLine, findingsIn } from '../validate/validate.js'
import {
  compareVersions,
  copyInto,
  haveSameContents,
  ownProgram,
  requireThisMachine,
  versionOf,
} from './program-file.js'
import { lockDirectory, replaceFile } from './replace-file.js'

/** The name by which configurations call the plugin. */
export const PLUGIN = 'host-device-l3'

/** The directories in which runtimes look, unless they are told others. */
export const BIN_DIRECTORY = '/opt/cni/bin'
const CONF_DIRECTORY = '/etc/cni/net.d'

/** The files of a directory of configurations that CNI's library reads. */
const CONFIGURATION_FILE = /^[^.].*\.(conf|conflist|json)$/

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
  const lines = [await installProgram(options['bin-dir'] ?? BIN_DIRECTORY, isForced)]
  // After the plugin that it needs.
  if (configuration)
    lines.push(await installNetwork(configuration, options['conf-dir'] ?? CONF_DIRECTORY))
  return lines.map((line) => `${line}\n`).join('')
}

async function installProgram(directory: string, isForced: boolean): Promise<string> {
  const own = ownProgram()
  const place = `${directory}/${PLUGIN}`
  requireThisMachine(own)
  using _ = lockDirectory(directory)
  const version = await versionOf(own)
  if (haveSameContents(own, place)) return `${place} is this version already, ${version}`
  const former = existsSync(place) ? await knownVersionOf(place) : undefined
  if (former !== undefined && compareVersions(former, version) > 0 && !isForced)
    return `${place} is newer, ${former}, and stays; --force replaces it with ${version}`
  await replaceFile(
    ...([directory, PLUGIN, 0o755] as const),
    (fd) => copyInto(fd, own),
    // A file system that no program may be run from, such as one mounted noexec, shows here.
    async (path) => void (await versionOf(path)),
  )
  return `${place} is version ${version} now${former === undefined ? '' : `, in place of ${former}`}`
}

/** Undefined for one that does not run: it is not worth keeping. */
async function knownVersionOf(path: string): Promise<string | undefined> {
  try {
    return await versionOf(path)
  } catch {
    return undefined
  }
}

interface NetworkFile {
  name: string
  text: string
}

async function readNetwork(path: string, isForced: boolean): Promise<NetworkFile> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (!CONFIGURATION_FILE.test(name))
    throw new Error(`no runtime reads a configuration called ${name}: it needs .conflist or .conf`)
  const text = readText(path)
  const network = await decodeObject(text).catch((error: Error) => {
    throw new Error(`${path}: ${error.message}`)
  })
  if (network.plugins === undefined && network.type === undefined)
    throw new Error(`${path} is no network configuration: it has neither "plugins" nor "type"`)
  const mistakes = isForced ? [] : await findingsIn(path)
  if (mistakes.length > 0)
    throw new Error(
      `${path} has mistakes; --force installs it all the same\n${mistakes.map(asLine).join('').trimEnd()}`,
    )
  return { name, text }
}

async function installNetwork({ name, text }: NetworkFile, directory: string): Promise<string> {
  const place = `${directory}/${name}`
  using _ = lockDirectory(directory)
  if (existsSync(place) && readFileSync(place, 'utf8') === text) return `${place} is there already`
  await replaceFile(directory, name, 0o644, (fd) => {
    for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest))
  })
  return `${place} is there now`
}
