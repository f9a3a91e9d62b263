import { constants, openSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { closeDescriptor } from './descriptor.js'

/** O_TMPFILE, which Node has no constant for. It includes the bit of O_DIRECTORY. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

/** Where a program may be started from, in the order in which they are tried. */
export const PROGRAM_DIRECTORIES = [
  '/run',
  '/var/lib/cni',
  dirname(process.execPath),
  '/tmp',
  '/var/tmp',
]

/**
 * Writes bytes to an unnamed file (O_TMPFILE) and passes it to `work`. Nothing is left on disk, and
 * no other user can replace the file. Tries several directories, because some hosts mount some of
 * them noexec.
 * @param purpose for the error message: 'cannot PURPOSE from any directory'
 * @param work called with the file open for reading, possibly again with another file
 */
export function inAnonymousFile<T>(
  purpose: string,
  content: Uint8Array,
  work: (fd: number) => T,
): T {
  const refusals: string[] = []
  for (const directory of PROGRAM_DIRECTORIES) {
    try {
      return inFileOf(directory, content, work)
    } catch (error) {
      refusals.push(`${directory}: ${(error as Error).message}`)
    }
  }
  throw new Error(`cannot ${purpose} from any directory: ${refusals.join('; ')}`)
}

function inFileOf<T>(directory: string, content: Uint8Array, work: (fd: number) => T): T {
  const fd = writtenFile(directory, content)
  try {
    return work(fd)
  } finally {
    closeDescriptor(fd)
  }
}

/** Reopens the file read-only: a file that is open for writing cannot be executed. */
function writtenFile(directory: string, content: Uint8Array): number {
  const fd = openSync(directory, O_TMPFILE | constants.O_WRONLY, 0o700)
  try {
    // All of it: what is executed or mapped of a file that ends too early ends in SIGBUS.
    writeFileSync(fd, content)
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)
  } finally {
    closeDescriptor(fd)
  }
}
