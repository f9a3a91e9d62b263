import type { KernelError } from '../kernel/kernel-error.js'
import type { Request } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'

/** An object to add to a device, and the request that adds it. */
export interface Addition<T> {
  value: T
  request: Request
}

/** An addition that the kernel refused, and its error. */
export interface Refused<T> extends Addition<T> {
  error: KernelError
}

/**
 * Makes additions of one kind.
 * @returns those that the kernel refused
 */
export function addAll<T>(socket: NetlinkSocket, additions: Addition<T>[]): Refused<T>[] {
  const outcomes = socket.requestAll(additions.map(({ request }) => request))
  return additions.flatMap((addition, n) => {
    const error = outcomes[n]
    return error ? [{ ...addition, error }] : []
  })
}

/** Like `addAll`, but an object that already exists (EEXIST) counts as added. */
export function addMissing<T>(socket: NetlinkSocket, additions: Addition<T>[]): Refused<T>[] {
  return addAll(socket, additions).filter(({ error }) => !error.is('EEXIST'))
}
