import { constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import { closeDescriptor } from './descriptor.js'

const { O_NOFOLLOW, O_NONBLOCK } = constants

const WRITABLE_BY_OTHERS = 0o022
/** In a sticky directory nobody can replace what belongs to somebody else. */
const STICKY = 0o1000

/** As many as the kernel follows in one path. */
const MOST_LINKS = 40

/** A path, or a file, that another user can change. */
export class UntrustedPath extends Error {
  /** @param cure a command that takes it from them */
  constructor(
    message: string,
    readonly cure: string,
  ) {
    super(message)
  }
}

/** A link, a FIFO, a directory, where a regular file was expected. */
export class NotRegular extends Error {}

let rootUser: number | undefined

/**
 * Resolves the symbolic links in a path, after it made sure that no other user can lead it
 * somewhere else. Every part must belong to root or to the user of this process, and so must each
 * link. What the result names stays the same, whatever others do.
 * @param path absolute, or relative to `start`
 * @param isPrivate whether no other user may make files on the way, except in sticky directories
 * @param start a path that this function has resolved before
 * @returns the path without links, and whether there is something; else it may be made later
 * @throws UntrustedPath; the system's error if the path cannot be followed
 */
export function trustedPath(
  path: string,
  isPrivate: boolean,
  start = '',
): { resolved: string; exists: boolean } {
  // In a user namespace root itself is an unknown user, who owns the root directory.
  rootUser ??= lstatSync('/').uid
  const own = [process.getuid?.(), rootUser]
  let resolved = start
  let links = 0
  const rest = partsOf(path)
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      resolved = resolved.slice(0, Math.max(0, resolved.lastIndexOf('/')))
      continue
    }
    const next = `${resolved}/${part}`
    const status = lstatSync(next, { throwIfNoEntry: false })
    if (!status) return { resolved: [next, ...rest].join('/'), exists: false }
    if (!own.includes(status.uid)) throw ofAnother(next)
    if (status.isSymbolicLink()) {
      const target = readlinkSync(next)
      if (++links > MOST_LINKS)
        throw new UntrustedPath(`${next} is one link too many`, `rm ${next}`)
      if (target.startsWith('/')) resolved = ''
      rest.unshift(...partsOf(target))
      continue
    }
    const isSafe = (status.mode & WRITABLE_BY_OTHERS) === 0
    const isSticky = (status.mode & STICKY) !== 0 && rest.length > 0
    if (isPrivate && !isSafe && !isSticky) throw writable(next)
    resolved = next
  }
  return { resolved: resolved || '/', exists: true }
}

/**
 * Opens a regular file in a trusted directory. Follows no link, and waits for no other process, as
 * opening a FIFO would.
 * @param isPrivate whether no other user may be able to write to it
 * @throws the system's error; NotRegular, also for a file with a second name; UntrustedPath
 */
export function openRegular(path: string, flags: number, isPrivate: boolean): number {
  const fd = openUnlessLink(path, flags)
  try {
    const status = fstatSync(fd)
    // A second name could be one that somebody else gave to a file of ours.
    if (!status.isFile() || status.nlink > 1) throw new NotRegular(`${path} is no regular file`)
    if (isPrivate && status.uid !== process.getuid?.()) throw ofAnother(path)
    if (isPrivate && (status.mode & WRITABLE_BY_OTHERS) !== 0) throw writable(path)
    return fd
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}

function ofAnother(path: string): UntrustedPath {
  return new UntrustedPath(`${path} belongs to another user`, `chown -h root ${path}`)
}

function writable(path: string): UntrustedPath {
  return new UntrustedPath(`others can write to ${path}`, `chmod go-w ${path}`)
}

function openUnlessLink(path: string, flags: number): number {
  try {
    return openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // ELOOP: it is a link. ENXIO: a FIFO that nobody reads, or a socket.
    if (code !== 'ELOOP' && code !== 'ENXIO') throw error
    throw new NotRegular(`${path} is no regular file`)
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
