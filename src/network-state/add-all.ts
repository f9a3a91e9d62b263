import type { KernelError } from '../kernel/kernel-error.js'
import type { RouteSocket } from '../kernel/netlink/route-socket.js'
import type { Addition } from './addition.js'

/** An addition that the kernel would not make, and why. */
export interface Refused<T> extends Addition<T> {
  error: KernelError
}

/** Makes additions of one kind; returns those the kernel refused. */
export function addAll<T>(socket: RouteSocket, additions: Addition<T>[]): Refused<T>[] {
  const outcomes = socket.requestAll(additions.map(({ request }) => request))
  return additions.flatMap((addition, n) => {
    const error = outcomes[n]
    return error ? [{ ...addition, error }] : []
  })
}

/** The same, where the kernel takes two of a kind to be one and the same. */
export function addMissing<T>(socket: RouteSocket, additions: Addition<T>[]): Refused<T>[] {
  return addAll(socket, additions).filter(({ error }) => !error.is('EEXIST'))
}
