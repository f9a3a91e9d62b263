import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../failure.js'
import { closeDescriptor } from '../kernel/descriptor.js'
import { openRegular, trustedPath, UntrustedPath } from '../kernel/trusted-path.js'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY } = constants

/**
 * Writes a file durably and atomically: temporary file, fsync, rename, fsync of the directory. If it
 * fails, there is the former file or the new one, which is the same as where the process is killed
 * here. The new one is not removed if the directory cannot be synced: only a loss of power would take
 * it, and the former one is gone already.
 */
export function writeDurably(path: string, text: string): void {
  const directory = dirname(path)
  const temporary = temporaryName(path)
  orRemove(temporary, () => {
    inDirectory(directory, () => onDisk(openNew(temporary), (fd) => writeFileSync(fd, text)))
    renameSync(temporary, path)
  })
  syncDirectory(directory)
}

/**
 * Writes a file atomically: once this returns, a killed process leaves all of it. If it cannot be
 * written, one that was there before stays.
 * @returns makes it durable: only then is it there after a loss of power
 */
export function writeAhead(path: string, text: string): () => void {
  const directory = dirname(path)
  const temporary = temporaryName(path)
  const fd = inDirectory(directory, () => openNew(temporary))
  orRemove(temporary, () => {
    try {
      writeFileSync(fd, text)
      renameSync(temporary, path)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  })
  return () => {
    onDisk(fd)
    syncDirectory(directory)
  }
}

/** Runs `work`. If it fails, the file is removed, if it can be. */
function orRemove(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    try {
      rmSync(path, { force: true })
    } catch {
      // Ignored: the error of the write is the one to report.
    }
    throw error
  }
}

/** Removes a file, and the temporary file that a killed call may have left. */
export function removeDurable(path: string): void {
  rmSync(path, { force: true })
  rmSync(temporaryName(path), { force: true })
}

/**
 * Runs `work`. If it fails because the directory does not exist, makes the directory and runs it
 * again.
 */
export function inDirectory<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeDirectory(path)
    // Another user may have been faster, in a directory such as /tmp.
    privatePath(path)
    return work()
  }
}

/**
 * The text of a regular file that only this user can write to.
 * @param mostBytes of a larger file nothing is read
 * @throws TooLarge; and like `openRegular`
 */
export function readPrivate(path: string, mostBytes = Number.POSITIVE_INFINITY): string {
  const fd = openRegular(path, O_RDONLY, true)
  try {
    if (fstatSync(fd).size > mostBytes) throw new TooLarge(`${path} is too large`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeDescriptor(fd)
  }
}

/** A file of more bytes than any that this plugin writes. */
export class TooLarge extends Error {}

/** What was found to be private, and what it leads to: nobody else can change that. */
const privatePaths = new Map<string, string>()

/**
 * Resolves the path of a directory that only this user can write to: its records decide which
 * device is moved where. What does not exist is private.
 * @param name of a directory in it
 * @throws Failure `state-unusable`
 */
export function privateDirectory(stateDirectory: string, name: string): string {
  const parent = privatePath(stateDirectory)
  return privatePath(`${parent}/${name}`, parent)
}

function privatePath(path: string, parent = ''): string {
  const known = privatePaths.get(path)
  if (known !== undefined) return known
  try {
    const { resolved, exists } = trustedPath(path.slice(parent.length), true, parent)
    if (exists) privatePaths.set(path, resolved)
    return resolved
  } catch (error) {
    throw new Failure(
      'state-unusable',
      `cannot use ${path} to remember what was lent: ${(error as Error).message}`,
      error instanceof UntrustedPath
        ? 'it and all directories above it must belong to root or the user of this process, and nobody else may be able to write there'
        : '',
    )
  }
}

function temporaryName(path: string): string {
  return `${path}.new`
}

/** Makes a file. One of that name is what a killed call has left. */
function openNew(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL
  try {
    return openRegular(path, flags, true)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    rmSync(path)
    return openRegular(path, flags, true)
  }
}

/** A rename is durable only once the directory is on disk. */
function syncDirectory(path: string): void {
  onDisk(openSync(path, O_RDONLY | O_DIRECTORY))
}

/** Runs `work` on an open file or directory, syncs it to disk and closes it. */
function onDisk(fd: number, work?: (fd: number) => void): void {
  try {
    work?.(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes a directory and its missing parents with mode 0700, unless another call is faster. Node's
 * `recursive` option never returns if nothing can be created there, as in /proc.
 * @param path without a slash at its end
 */
function makeDirectory(path: string, makesParent = true): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (code !== 'ENOENT' || parent === '' || !makesParent) throw error
    makeDirectory(parent)
    makeDirectory(path, false)
  }
}
