import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs'
import { Failure } from '../failure.js'
import { nativeAddon } from './native-addon.js'

/** Filesystem magic numbers under which a namespace can be found (linux/magic.h). */
const NSFS_MAGIC = 0x6e736673
const PROC_MAGIC = 0x9fa0

/** An open network namespace. Keeps the namespace alive until it is disposed. */
export class NetworkNamespace {
  private constructor(
    readonly path: string,
    readonly fd: number,
  ) {}

  /** The namespace this thread is in. */
  static current(): NetworkNamespace {
    const path = '/proc/self/ns/net'
    return new NetworkNamespace(path, openSync(path, constants.O_RDONLY))
  }

  /**
   * Opens the namespace at a path.
   * @throws Failure `sandbox-invalid` when there is none at that path
   */
  static open(path: string): NetworkNamespace {
    // Before the open: opening a FIFO, say, would wait for ever.
    requireNamespaceFile(path)
    try {
      return new NetworkNamespace(path, openSync(path, constants.O_RDONLY))
    } catch (error) {
      throw invalid(path, (error as Error).message)
    }
  }

  /** Whether both are the same namespace, whatever their paths. */
  equals(other: NetworkNamespace): boolean {
    const [mine, theirs] = [fstatSync(this.fd), fstatSync(other.fd)]
    return mine.dev === theirs.dev && mine.ino === theirs.ino
  }

  /**
   * Runs `work` with the thread inside this namespace and comes back to `home`.
   * @throws Failure `sandbox-invalid` when this is a namespace of another kind
   */
  inside<T>(home: NetworkNamespace, work: () => T): T {
    try {
      nativeAddon().enterNetworkNamespace(this.fd)
    } catch (error) {
      throw invalid(this.path, `not a network namespace: ${(error as Error).message}`)
    }
    try {
      return work()
    } finally {
      nativeAddon().enterNetworkNamespace(home.fd)
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}

function requireNamespaceFile(path: string): void {
  let type: number
  try {
    type = statfsSync(path).type
  } catch (error) {
    throw invalid(path, `failed to Statfs: ${(error as Error).message}`)
  }
  if (type !== NSFS_MAGIC && type !== PROC_MAGIC)
    throw invalid(path, `unknown FS magic on ${JSON.stringify(path)}: ${type.toString(16)}`)
}

function invalid(path: string, reason: string): Failure {
  return new Failure('sandbox-invalid', `failed to open netns ${JSON.stringify(path)}: ${reason}`)
}
