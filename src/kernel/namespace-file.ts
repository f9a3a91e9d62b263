import { constants, openSync, statfsSync } from 'node:fs'
import { Failure } from '../failure.js'
import { closeDescriptor } from './descriptor.js'
import { pathOfText } from './kernel-text.js'
import { nativeAddon } from './native-addon.js'

/** Filesystem magic numbers of namespace files (linux/magic.h). */
const NSFS_MAGIC = 0x6e736673
const PROC_MAGIC = 0x9fa0

/** O_PATH of open(2), of which Node has no name: refers to a file, and does not open it. */
export const O_PATH = 0x200000

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

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
 * Opens the namespace at a path that a runtime chose. Its file system is looked at before: opening a
 * device, for example, may do something.
 * @throws Failure `sandbox-gone` if there is no network namespace, `sandbox-invalid` if there may be
 *   one, but it cannot be opened
 */
export function openNamespaceFile(path: string): number {
  let type: number
  try {
    type = statfsSync(path).type
  } catch (error) {
    throw failedToOpen(path, error, `failed to Statfs: ${(error as Error).message}`)
  }
  if (![NSFS_MAGIC, PROC_MAGIC].includes(type))
    throw sandboxGone(path, `unknown FS magic on ${JSON.stringify(path)}: ${type.toString(16)}`)
  return opened(path, path, FLAGS)
}

/**
 * Does the same with a path that a pod may own: what it leads to may become a FIFO or a device at any
 * moment, or a file whose server never answers. So what is looked at is what is opened.
 */
export function openFoundNamespaceFile(path: string): number {
  const file = opened(path, path, O_PATH)
  try {
    const place = `/proc/self/fd/${file}`
    if (nativeAddon().namespaceInode(place) === 0) throw sandboxGone(path, 'there is no namespace')
    return opened(place, path, FLAGS)
  } finally {
    closeDescriptor(file)
  }
}

function opened(place: string, path: string, flags: number): number {
  try {
    return openSync(pathOfText(place), flags)
  } catch (error) {
    throw failedToOpen(path, error, (error as Error).message)
  }
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
