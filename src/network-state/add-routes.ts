import { dumpRoutes } from '../kernel/netlink/route.js'
import type { RouteSocket } from '../kernel/netlink/route-socket.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import { addAll, type Refused } from './add-all.js'
import type { Addition } from './addition.js'
import { routeKey } from './route-key.js'

/**
 * Adds routes through a device. What was refused is tried again as long as
 * anything new could be added: a gateway may be reachable by a route that came
 * later. A route that is there already counts as added, another one in its place
 * does not.
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
      return withoutThoseThere(socket, device, refused)
    pending = refused
  }
}

function withoutThoseThere(
  socket: RouteSocket,
  device: Link,
  refused: Refused<Route>[],
): Refused<Route>[] {
  if (!refused.some(({ error }) => error.is('EEXIST'))) return refused
  const there = new Set(dumpRoutes(socket, device.index).map(routeKey))
  return refused.filter(({ value, error }) => !(error.is('EEXIST') && there.has(routeKey(value))))
}
