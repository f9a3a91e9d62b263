import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { isDefaultRoute, placeOf } from './routes.js'

/**
 * Finds the routes in the places of those that the kernel refused with EEXIST. A place is a
 * destination, table, TOS and metric.
 * @returns the first route in each place, by `placeOf`; none for a place that is free by now
 */
export function routesInPlacesOf(
  { socket }: NetworkNamespace,
  refused: Route[],
): Map<string, Route> {
  const found = new Map<string, Route>()
  if (refused.length === 0) return found
  const destinations = refused.map(({ destination }) => destination)
  for (const route of dumpRoutes(socket, { destinations })) {
    const place = placeOf(route)
    if (!found.has(place)) found.set(place, route)
  }
  return found
}

/** What a configuration can say so that a carried route finds no other one in its place. */
export function waysAround(refused: Route): string {
  const metric = '"routeMetric": 100 gives the carried routes another metric'
  if (!isDefaultRoute(refused)) return metric
  return `"routes": { "default": false } carries all but default routes, and ${metric}`
}
