import { statSync } from 'node:fs'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { Failure } from '../../failure.js'
import { warn } from '../../log.js'

/**
 * The directory of the records that a command of the command line looks at. Warns if it is the
 * default one and was not made yet: then nothing is lent.
 * @param given the value of --state-dir
 * @throws Failure `not-available` for any other directory that is not there, and for a relative path
 */
export function stateDirectoryOf(given: string | undefined): string {
  const path = pathOfState(given)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  if (path !== CONFIGURATION_DEFAULTS.stateDir)
    throw new Failure(
      'not-available',
      `there is no directory ${path}`,
      '--state-dir is to be the "stateDir" of the configuration',
    )
  warn(`there is no directory ${path} yet: only a configuration with another "stateDir" lends`)
  return path
}

/**
 * The same for a command to which it does not matter whether the directory is there.
 * @throws Failure `not-available` for a relative path
 */
export function pathOfState(given: string | undefined): string {
  const path = given ?? CONFIGURATION_DEFAULTS.stateDir
  if (path.startsWith('/')) return path
  throw new Failure(
    'not-available',
    `--state-dir needs an absolute path, and ${path} is relative`,
    'such a path would mean another directory wherever the command is called',
  )
}
