import type { Stats } from 'node:fs'
import { lstatSync, statSync } from 'node:fs'

/** The modes that a kind of file may have: the bits that it needs, and those that it may have. */
export interface Modes {
  needed: number
  allowed: number
}

/** All may run it, and nobody but its owner may change it. */
export const PROGRAM_MODES: Modes = { needed: 0o555, allowed: 0o755 }
/** Some administrators let nobody but root read configurations. */
export const NETWORK_MODES: Modes = { needed: 0o400, allowed: 0o644 }

const PERMISSIONS = 0o7777
const ROOT = 0

/**
 * The file that has a name, or the one that a symbolic link of that name leads to.
 * @returns undefined if there is none
 * @throws Error for what is no regular file: to open a pipe would wait, and to replace what
 *   somebody has put there on purpose would be wrong
 */
export function fileInPlace(path: string): Stats | undefined {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status && !status.isFile()) throw notRegular(path)
  return status
}

/** Whether anything has a name, also a symbolic link that leads nowhere. */
export function isThere(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status?.isDirectory()) throw notRegular(path)
  return status !== undefined
}

/**
 * What is wrong with a file's mode or owner: others could change it, or it could not be used.
 * @returns for a message, such as "mode 4777"; undefined if it is as it has to be
 */
export function faultOf({ mode, uid }: Stats, { needed, allowed }: Modes): string | undefined {
  const permissions = mode & PERMISSIONS
  if ((permissions & needed) !== needed || (permissions & ~allowed) !== 0)
    return `mode ${permissions.toString(8).padStart(4, '0')}`
  return uid === ROOT || uid === process.getuid?.() ? undefined : `owner ${uid}`
}

/** For what is neither a regular file nor a link to one. */
export function notRegular(path: string): Error {
  return new Error(`${path} is no regular file: move it away`)
}
