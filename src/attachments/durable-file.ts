import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inDirectory } from './directory.js'

/** Writes a file so that it is complete and on disk when this returns, or not there at all. */
export function writeDurably(path: string, text: string): void {
  const directory = dirname(path)
  const temporary = unfinished(path)
  inDirectory(directory, () => onDisk(temporary, 'w', (fd) => writeFileSync(fd, text)))
  renameSync(temporary, path)
  // A rename is only durable once the directory that holds the name is on disk.
  onDisk(directory, 'r')
}

/** Removes a file, and what a call that was killed had written of one. */
export function removeDurable(path: string): void {
  rmSync(path, { force: true })
  rmSync(unfinished(path), { force: true })
}

/** A file's name while it is being written. */
function unfinished(path: string): string {
  return `${path}.new`
}

/** Opens a file or directory, works on it, and waits until all of it is on disk. */
function onDisk(path: string, flags: string, work?: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600)
  try {
    work?.(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
