import { readdirSync, statSync } from 'node:fs'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { isObject, spelledAsDocumented } from '../../cni/network.js'
import type { Remark } from '../../records/other-file.js'
import { OWN_TYPE, readWritten } from '../configuration-file.js'

/** The files of a directory of configurations that CNI's library reads. */
const CONFIGURATION_FILE = /^[^.].*\.(conf|conflist|json)$/

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
 * Where the configurations of a directory have this plugin keep its records.
 * @param onDoubt is told of each file that may name another place, and cannot be understood
 * @throws Error if the directory cannot be read
 */
export function stateDirectoriesOf(
  confDirectory: string,
  onDoubt: (doubt: Remark) => void,
): string[] {
  return readdirSync(confDirectory)
    .filter((name) => CONFIGURATION_FILE.test(name))
    .map((name) => `${confDirectory}/${name}`)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .flatMap((path) => [...ownEntriesIn(networkOf(path, onDoubt))])
    .map(({ stateDir = CONFIGURATION_DEFAULTS.stateDir }) => stateDir)
    .filter((path): path is string => typeof path === 'string' && path.startsWith('/'))
}

function networkOf(path: string, onDoubt: (doubt: Remark) => void): unknown {
  const doubt = (text: string) =>
    onDoubt({ text: `${text}, and may have a "stateDir"`, cure: 'correct it, or move it away' })
  try {
    const { network } = readWritten(path)
    if (network === undefined) doubt(`${path} is no JSON`)
    return network
  } catch (error) {
    return doubt((error as Error).message)
  }
}

/**
 * The entries of this plugin in a configuration, wherever they are: Multus has them among its
 * `delegates`, and others elsewhere.
 */
export function* ownEntriesIn(value: unknown): Generator<Record<string, unknown>> {
  if (isObject(value)) {
    const entry = spelledAsDocumented(value)
    if (entry.type === OWN_TYPE) yield entry
  }
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) yield* ownEntriesIn(inner)
}
