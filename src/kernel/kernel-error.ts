import { constants } from 'node:os'
import { kernelDoor } from './door.js'

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
    super(describe(errno, explanation))
    this.name = 'KernelError'
  }

  /** Whether this is the error of that symbolic name, e.g. "EEXIST". */
  is(name: keyof typeof constants.errno): boolean {
    return constants.errno[name] === this.errno
  }
}

function describe(errno: number, explanation: string): string {
  const symbol = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0]
  const words = `${kernelDoor().describeErrno(errno)} (${symbol ?? errno})`
  return explanation === '' ? words : `${words}, the kernel says: "${explanation}"`
}
