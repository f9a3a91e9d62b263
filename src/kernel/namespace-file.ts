import { constants, openSync, statfsSync } from 'node:fs'
import { Failure } from '../failure.js'

/** Filesystem magic numbers of namespace files (linux/magic.h). */
const NSFS_MAGIC = 0x6e736673
const PROC_MAGIC = 0x9fa0

/**
 * Opens the namespace of this process.
 * @throws Failure `state-unusable` where /proc is not mounted
 */
export function openOwnNamespace(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw error
    throw new Failure(
      'state-unusable',
      `cannot open the host's network namespace, for /proc is not mounted: ${message}`,
      'nothing was changed',
    )
  }
}

/**
 * Opens the namespace at a path that somebody else chose.
 * @throws Failure `sandbox-gone` if there is no network namespace, `sandbox-invalid` if there may be
 *   one, but it cannot be opened
 */
export function openNamespaceFile(path: string): number {
  // Checked before open(2): opening a FIFO, for example, would block.
  requireNamespaceFile(path)
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    throw failedToOpen(path, error, (error as Error).message)
  }
}

function requireNamespaceFile(path: string): void {
  let type: number
  try {
    type = statfsSync(path).type
  } catch (error) {
    throw failedToOpen(path, error, `failed to Statfs: ${(error as Error).message}`)
  }
  if (type !== NSFS_MAGIC && type !== PROC_MAGIC)
    throw sandboxGone(path, `unknown FS magic on ${JSON.stringify(path)}: ${type.toString(16)}`)
}

/** Any other error than these two says nothing about what is there. */
function failedToOpen(path: string, error: unknown, reason: string): Failure {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['ENOENT', 'ENOTDIR'].includes(code)
    ? sandboxGone(path, reason)
    : sandboxInvalid(path, reason)
}

/** What may be a namespace, and cannot be opened. */
export function sandboxInvalid(path: string, reason: string): Failure {
  return new Failure('sandbox-invalid', cannotOpen(path, reason))
}

/** No network namespace. */
export function sandboxGone(path: string, reason: string): Failure {
  return new Failure('sandbox-gone', cannotOpen(path, reason))
}

function cannotOpen(path: string, reason: string): string {
  return `failed to open netns ${JSON.stringify(path)}: ${reason}`
}
