import { statSync } from 'node:fs'
import { Failure } from '../failure.js'

const WRITABLE_BY_OTHERS = 0o022

/**
 * Refuses a state directory that somebody else could have written: what is in it
 * decides which device goes where.
 * @throws Failure `state-unusable`
 */
export function requirePrivate(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return
  const isOurs = status.uid === process.getuid?.()
  if (status.isDirectory() && isOurs && (status.mode & WRITABLE_BY_OTHERS) === 0) return
  throw new Failure(
    'state-unusable',
    `cannot use ${path} to remember what was lent: others can write there`,
    'it must be a directory that belongs to the user of this process, and that nobody else can write',
  )
}
