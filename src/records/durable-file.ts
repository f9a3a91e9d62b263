import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../failure.js'

const WRITABLE_BY_OTHERS = 0o022

/** Writes a file durably and atomically: temporary file, fsync, rename, fsync of the directory. */
export function writeDurably(path: string, text: string): void {
  const directory = dirname(path)
  const temporary = temporaryName(path)
  inDirectory(directory, () => onDisk(temporary, 'w', (fd) => writeFileSync(fd, text)))
  renameSync(temporary, path)
  // A rename is durable only once the directory is on disk.
  onDisk(directory, 'r')
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
    return work()
  }
}

/**
 * Refuses a state directory that other users can write to: its records decide which device is moved
 * where.
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

function temporaryName(path: string): string {
  return `${path}.new`
}

/** Opens a file or directory, runs `work` on it, and syncs it to disk. */
function onDisk(path: string, flags: string, work?: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600)
  try {
    work?.(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes a directory and its missing parents with mode 0700. Node's `recursive` option never returns
 * if nothing can be created there, as in /proc.
 */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (code !== 'ENOENT' || parent === '') throw error
    makeDirectory(parent)
    mkdirSync(path, { mode: 0o700 })
  }
}
