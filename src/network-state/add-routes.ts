import type { KernelError } from '../kernel/kernel-error.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { RouteSocket } from '../kernel/netlink/route-socket.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import type { Addition } from './plan.js'

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

/**
 * Adds routes through a device. What was refused is tried again as long as
 * anything new could be added: a gateway may be reachable by a route that came
 * later.
 */
export function addRoutes(
  socket: RouteSocket,
  device: Link,
  additions: Addition<Route>[],
): Refused<Route>[] {
  let pending = additions
  for (;;) {
    const refused = addAll(socket, pending)
    if (refused.length === 0 || refused.length === pending.length)
      return refused.filter(
        ({ value, error }) => !(error.is('EEXIST') && isThere(socket, device, value)),
      )
    pending = refused
  }
}

/** Whether the device has that very route, not just another one in its place. */
function isThere(socket: RouteSocket, device: Link, wanted: Route): boolean {
  return dumpRoutes(socket, wanted.family, device.index).some(
    (route) =>
      route.destination === wanted.destination &&
      route.source === wanted.source &&
      route.table === wanted.table &&
      route.typeOfService === wanted.typeOfService &&
      // The kernel writes IPv6's default metric down, the request left it out.
      (wanted.priority === undefined || route.priority === wanted.priority) &&
      route.hops[0]?.gateway === wanted.hops[0]?.gateway,
  )
}
