import { nativeAddon } from './native-addon.js'

/** Errno values that the code handles specially (asm-generic/errno.h). */
const ERRNO = { EEXIST: 17, ENODEV: 19 } as const

/** A request that the kernel answered with an error. */
export class KernelError extends Error {
  /**
   * @param errno the positive error number
   * @param explanation the kernel's own sentence (extended acknowledgement), if it gave one
   */
  constructor(
    readonly errno: number,
    readonly explanation = '',
  ) {
    super()
    this.name = 'KernelError'
  }

  /** Worded only when somebody asks: most of these errors are expected, such as that a name is free. */
  override get message(): string {
    return describe(this.errno, this.explanation)
  }

  /** Whether this is the error of that symbolic name, e.g. "EEXIST". */
  is(name: keyof typeof ERRNO): boolean {
    return ERRNO[name] === this.errno
  }
}

function describe(errno: number, explanation: string): string {
  const words = `${nativeAddon().describeErrno(errno)} (${symbolOf(errno) ?? errno})`
  return explanation === '' ? words : `${words}, the kernel says: "${explanation}"`
}

/** "EEXIST" for 17; undefined before Node 20.16, which cannot load a module just now. */
function symbolOf(errno: number): string | undefined {
  const names = process.getBuiltinModule?.('node:os').constants.errno ?? {}
  return Object.entries(names).find(([, value]) => value === errno)?.[0]
}
