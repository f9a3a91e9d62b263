import type { NetworkNamespace } from '../kernel/namespace.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { foldRoutes, withNexthops } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { groupBy } from './group-by.js'
import { isDefaultRoute, placeOf } from './routes.js'

/** Of more routes in one place the others are not compared with: a pod may have very many. */
const MOST_IN_PLACE = 1000

/**
 * Finds the routes in the places of others, in the kernel's order. A place is a destination, table, TOS
 * and metric.
 * @param most so many of each place
 * @returns by `placeOf`
 */
export function routesInPlaces(
  socket: NetlinkSocket,
  routes: Route[],
  most = MOST_IN_PLACE,
): Map<string, Route[]> {
  const places = new Set(routes.map(placeOf))
  const destinations = routes.map(({ destination }) => destination)
  const { found } = foldRoutes(socket, { destinations })(
    () => ({ found: [] as Route[], counts: new Map<string, number>() }),
    ({ found, counts }, route) => {
      const place = placeOf(route)
      const count = counts.get(place) ?? 0
      if (count >= most || !places.has(place)) return
      counts.set(place, count + 1)
      found.push(route)
    },
  )
  return groupBy(withNexthops(socket, found), placeOf)
}

/**
 * Finds what is in the places of routes that the kernel refused with EEXIST.
 * @returns the first route in each place, by `placeOf`; none for a place that is free by now
 */
export function routesInPlacesOf(
  { socket }: NetworkNamespace,
  refused: Route[],
): Map<string, Route> {
  const found = new Map<string, Route>()
  if (refused.length === 0) return found
  for (const [place, [route]] of routesInPlaces(socket, refused, 1))
    if (route) found.set(place, route)
  return found
}

/** What a configuration can say so that a carried route finds no other one in its place. */
export function waysAround(refused: Route): string {
  const metric = '"routeMetric": 100 gives the carried routes another metric'
  if (!isDefaultRoute(refused)) return metric
  return `"routes": { "default": false } carries all but default routes, and ${metric}`
}
