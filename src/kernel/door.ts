import { closeSync, constants, openSync, writeSync } from 'node:fs'
import doorBytes from '../../build/door.node'

/** What `native/door.c` offers. A failed system call throws a `DoorError`. */
export interface KernelDoor {
  /** Moves the calling thread into the network namespace open as `fd`. */
  enterNetworkNamespace(fd: number): void
  /** Opens a routing socket in the current namespace; its waits end after the given time. */
  openRouteSocket(timeoutMilliseconds: number): number
  /** Sends netlink messages in one datagram and returns all answers, concatenated. */
  transact(fd: number, request: Buffer): Buffer
  /** Like `transact`, on a thread of its own. */
  startTransaction(fd: number, request: Buffer): Transaction
  /** Waits for a transaction's answers; to be called once for each. */
  finishTransaction(transaction: Transaction): Buffer
  /** Takes an exclusive flock(2) without waiting; false when somebody else has it. */
  tryLock(fd: number): boolean
  /** The usual text of 4 or 16 bytes; IPv6 compressed. */
  addressText(bytes: Buffer): string
  /** The bytes of an address; throws a TypeError where the text is none. */
  addressBytes(text: string): Buffer
  /** The C library's words for an error number, e.g. "File exists" for 17. */
  describeErrno(errno: number): string
}

/** A request that is under way; only the addon can look inside. */
export type Transaction = { readonly brand: unique symbol }

/** The shape of what the addon throws. */
export interface DoorError extends Error {
  errno: number
  syscall: string
}

/** Linux's O_TMPFILE, which Node has no name for: the directory bit is part of it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

let loaded: KernelDoor | undefined

/** The addon, loaded at the first call. */
export function kernelDoor(): KernelDoor {
  loaded ??= load()
  return loaded
}

/**
 * Loads the addon from a file without a name: nothing is left on disk, and there
 * is no path that another user could have written first. Some hosts mount one or
 * the other directory without the right to execute, hence several.
 */
function load(): KernelDoor {
  const refusals: string[] = []
  const directories = ['/run', '/var/lib/cni', `${process.execPath}/..`, '/tmp', '/var/tmp']
  for (const directory of directories) {
    try {
      return loadFrom(directory)
    } catch (error) {
      refusals.push(`${directory}: ${(error as Error).message}`)
    }
  }
  throw new Error(`cannot load the kernel door from any directory: ${refusals.join('; ')}`)
}

function loadFrom(directory: string): KernelDoor {
  const fd = openSync(directory, O_TMPFILE | constants.O_RDWR, 0o700)
  try {
    writeSync(fd, doorBytes)
    const module: { exports: unknown } = { exports: {} }
    process.dlopen(module, `/proc/self/fd/${fd}`)
    return module.exports as KernelDoor
  } finally {
    closeSync(fd)
  }
}
