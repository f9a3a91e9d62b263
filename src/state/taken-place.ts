import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { isDefaultRoute, placeOf } from './routes.js'
import { describeForeign } from './stand-ins.js'

/**
 * Who has the place of a route that the kernel refused with EEXIST: the same destination, table,
 * TOS and metric.
 * @returns the route there in iproute2's notation, with its device; undefined if it is gone by now
 */
export function routeInPlaceOf(
  namespace: NetworkNamespace,
  refused: Route,
  device: Link,
): string | undefined {
  const place = placeOf(refused)
  const inReach = dumpRoutes(namespace.socket, { destinations: [refused.destination] })
  const there = inReach.find((route) => placeOf(route) === place)
  return there && describeForeign(namespace, there, device)
}

/** What a configuration can say so that a carried route finds no other one in its place. */
export function waysAround(refused: Route): string {
  const metric = '"routeMetric": 100 gives the carried routes another metric'
  if (!isDefaultRoute(refused)) return metric
  return `"routes": { "default": false } carries all but default routes, and ${metric}`
}
