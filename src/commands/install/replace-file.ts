import { closeSync, constants, fchmodSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { waitUntil } from '../../deadline.js'
import { closeDescriptor, LOCK } from '../../kernel/descriptor.js'
import { nativeAddon } from '../../kernel/native-addon.js'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

const PAUSE_MILLISECONDS = 50
const LONGEST_MILLISECONDS = 30_000

/**
 * Replaces a file, or makes it: who opens or runs it meanwhile has the old one or the new one, and
 * so has the node if it loses power.
 * @param directory locked by the caller
 * @param write puts the contents into the open file
 * @param check is called with the path of the new file before it takes its place; if it throws,
 *   nothing has changed
 */
export async function replaceFile(
  directory: string,
  name: string,
  mode: number,
  write: (fd: number) => void,
  check?: (path: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName(directory, name)
  try {
    // What a killed call has left.
    rmSync(temporary, { force: true })
    const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      write(fd)
      fchmodSync(fd, mode)
      fsyncSync(fd)
    } finally {
      // A file that is open for writing cannot be run.
      closeSync(fd)
    }
    await check?.(temporary)
    renameSync(temporary, `${directory}/${name}`)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(directory)
}

/** Makes what was renamed or removed in a directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeDescriptor(fd)
  }
}

/** Runtimes take no notice of it: neither as a plugin nor as a configuration. */
export function temporaryName(directory: string, name: string): string {
  return `${directory}/.${name}.new`
}

/**
 * Locks a directory against other calls of `install` and `uninstall`, until the lock is disposed or
 * the process ends.
 * @throws Error if there is no such directory, or if another call works there for too long
 */
export function lockDirectory(path: string): Disposable {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY)
  const tryToLock = () => nativeAddon().tryLock(fd, LOCK.alone) || undefined
  if (!waitUntil(LONGEST_MILLISECONDS, PAUSE_MILLISECONDS, tryToLock)) {
    closeDescriptor(fd)
    throw new Error(`another install or uninstall has been working in ${path} for too long`)
  }
  return { [Symbol.dispose]: () => closeDescriptor(fd) }
}
