import { readdirSync, statSync } from 'node:fs'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { OWN_TYPE, pluginsIn, readWritten } from '../configuration-file.js'

/** The files of a directory of configurations that CNI's library reads. */
export const CONFIGURATION_FILE = /^[^.].*\.(conf|conflist|json)$/

/**
 * Where the configurations of a directory have this plugin keep its records.
 * @returns none for a directory that is not there
 * @throws Error if the directory, or a file in it, cannot be read
 */
export function stateDirectoriesOf(confDirectory: string): string[] {
  if (!statSync(confDirectory, { throwIfNoEntry: false })) return []
  return readdirSync(confDirectory)
    .filter((name) => CONFIGURATION_FILE.test(name))
    .map((name) => `${confDirectory}/${name}`)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .flatMap((path) => pluginsIn(readWritten(path)))
    .filter(({ type }) => type === OWN_TYPE)
    .map(({ stateDir = CONFIGURATION_DEFAULTS.stateDir }) => stateDir)
    .filter((path): path is string => typeof path === 'string' && path.startsWith('/'))
}
