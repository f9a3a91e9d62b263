import { nativeAddon } from './native-addon.js'

/** Errno values that the code handles specially (asm-generic/errno.h). */
const ERRNO = {
  ENOENT: 2,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const

/**
 * The kernel had no memory, or was interrupted: EINTR, EIO, EAGAIN, ENOMEM, EBUSY, ENOBUFS and
 * ETIMEDOUT.
 */
const PASSING = [4, 5, 11, 12, 16, 105, 110]

/** A request that the kernel answered with an error, or not at all. */
export class KernelError extends Error {
  /**
   * @param errno the positive error number
   * @param explanation the kernel's extended ack message, if any
   * @param failedCall the system call that failed, so that there is no answer
   */
  constructor(
    readonly errno: number,
    readonly explanation = '',
    readonly failedCall?: string,
  ) {
    super()
    this.name = 'KernelError'
  }

  /**
   * Formatted lazily: most of these errors are expected (ENODEV for a free name) and never shown.
   */
  override get message(): string {
    const words = describe(this.errno, this.explanation)
    return this.failedCall === undefined ? words : `the system call ${this.failedCall}: ${words}`
  }

  /** Whether this is the error with that symbolic name, e.g. "EEXIST". */
  is(name: keyof typeof ERRNO): boolean {
    return ERRNO[name] === this.errno
  }

  /** Whether the same request may well succeed a moment later. */
  get isPassing(): boolean {
    return PASSING.includes(this.errno)
  }
}

function describe(errno: number, explanation: string): string {
  const words = `${nativeAddon().describeErrno(errno)} (${symbolOf(errno) ?? errno})`
  return explanation === '' ? words : `${words}, the kernel says: "${explanation}"`
}

/** "EEXIST" for 17; undefined before Node 20.16, which has no `process.getBuiltinModule`. */
function symbolOf(errno: number): string | undefined {
  const names = process.getBuiltinModule?.('node:os').constants.errno ?? {}
  return Object.entries(names).find(([, value]) => value === errno)?.[0]
}
