import { statSync } from 'node:fs'
import { Failure } from '../failure.js'

/**
 * Finds another plugin where the runtime says plugins are.
 * @param searchPath directories, separated by colons
 * @throws Failure `delegate-failed`, or `configuration-invalid` for what cannot be a name
 */
export function findPlugin(type: string, searchPath: string): string {
  if (type.includes('/')) throw new Failure('configuration-invalid', `invalid plugin name: ${type}`)
  const directories = searchPath.split(':').filter((directory) => directory !== '')
  const found = directories.map((directory) => `${directory}/${type}`).find(isFile)
  if (found !== undefined) return found
  throw new Failure(
    'delegate-failed',
    `failed to find plugin ${JSON.stringify(type)} in path [${directories.join(' ')}]`,
    'nothing was changed',
  )
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
