import addonBytes from '../../build/native-addon.node'
import { inAnonymousFile } from './anonymous-file.js'

/** The functions of `native/`. A failed system call throws a `NativeError`. */
export interface NativeAddon {
  /** Moves the calling thread into the network namespace open as `fd`. */
  enterNetworkNamespace(fd: number): void
  /** Opens a routing socket in the current namespace; send and receive time out after the given time. */
  openRouteSocket(timeoutMilliseconds: number): number
  /** Sets a socket's send and receive timeouts. */
  setSocketTimeout(fd: number, timeoutMilliseconds: number): void
  /** Sends netlink messages in one datagram and returns all answers, concatenated. */
  transact(fd: number, request: Buffer): Buffer
  /** Like `transact`, on a thread of its own. */
  startTransaction(fd: number, request: Buffer): Transaction
  /** Waits for a transaction's answers; to be called once for each. */
  finishTransaction(transaction: Transaction): Buffer
  /** Takes an exclusive flock(2) without waiting; false when somebody else has it. */
  tryLock(fd: number): boolean
  /**
   * Starts an executable file in the background: a session of its own, no environment,
   * nothing on its standard streams, and `files` as its descriptors from 3 on.
   * @param title what `ps` shows of it
   * @returns its process id
   */
  startProgram(program: number, title: string, files: number[]): number
  /** Waits for the end of a program that was started; returns its exit status, or -1. */
  waitForProgram(pid: number): number
  /** The usual text of 4 or 16 bytes; IPv6 compressed. */
  addressText(bytes: Buffer): string
  /** The bytes of an address; throws a TypeError where the text is none. */
  addressBytes(text: string): Buffer
  /** The C library's words for an error number, e.g. "File exists" for 17. */
  describeErrno(errno: number): string
}

/** The handle of a started request, opaque to JavaScript. */
export type Transaction = { readonly brand: unique symbol }

/** What the addon throws. */
export interface NativeError extends Error {
  errno: number
  syscall: string
}

let loaded: NativeAddon | undefined

/** The addon, loaded at the first call. */
export function nativeAddon(): NativeAddon {
  loaded ??= load()
  return loaded
}

function load(): NativeAddon {
  return inAnonymousFile('load the native addon', addonBytes, (fd) => {
    const module: { exports: unknown } = { exports: {} }
    process.dlopen(module, `/proc/self/fd/${fd}`)
    return module.exports as NativeAddon
  })
}
