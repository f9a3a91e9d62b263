import { closeSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { printableLine } from '../../printable.js'
import { notRegular } from './file-in-place.js'

/** A text that every version of this plugin has in it, and other programs have no reason to have. */
const MARK = CONFIGURATION_DEFAULTS.stateDir

const PART_BYTES = 1 << 16

/**
 * Makes sure that what has the plugin's name in a directory is this plugin, of whatever version, or an
 * empty file: `install` and `uninstall` would else destroy what somebody else has put there.
 * @param path nothing there is right, too
 * @param deed what --force does to it: "replaces"
 * @throws Error that says what is there, and what --force does
 */
export function requireOwn(path: string, deed: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (!status) return
  requireNoLink(path, deed)
  if (!status.isFile()) throw notRegular(path)
  const own = isOwn(path)
  if (own === true) return
  const why =
    own === false
      ? `${path} is no executable of this plugin, of any version`
      : `nobody can say whether ${path} is an executable of this plugin (${own.message})`
  throw new Error(`${why}: look at it; --force ${deed} it`)
}

/**
 * @param deed what --force does to the link: "replaces"
 * @throws Error for a symbolic link
 */
export function requireNoLink(path: string, deed: string): void {
  if (!lstatSync(path).isSymbolicLink()) return
  throw new Error(
    `${path} is a symbolic link to ${printableLine(readlinkSync(path))}, which install does not make: look at it; --force ${deed} the link, and leaves what it leads to`,
  )
}

/**
 * Whether a file is an executable of this plugin, of any version and for any machine, by its contents:
 * it is not run.
 * @returns the system's error if it cannot be read
 */
export function isOwn(path: string): boolean | Error {
  try {
    return isEmptyOrHas(path, MARK)
  } catch (error) {
    return error as Error
  }
}

/** @param mark of ASCII */
function isEmptyOrHas(path: string, mark: string): boolean {
  const fd = openSync(path, 'r')
  try {
    const part = Buffer.alloc(PART_BYTES)
    let text = ''
    for (let isFirst = true; ; isFirst = false) {
      const length = readSync(fd, part)
      if (length === 0) return isFirst
      // The mark may begin in the part before.
      text = text.slice(1 - mark.length) + part.subarray(0, length).toString()
      if (text.includes(mark)) return true
    }
  } finally {
    closeSync(fd)
  }
}
