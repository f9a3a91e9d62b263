import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { groupBy } from './group-by.js'
import { asReported, nexthopKey, placeOf } from './routes.js'

/**
 * A route that the kernel takes from the host with a device, although it leads (also) through
 * others, and what the host gets in its place: the same without the device's nexthops, and without
 * the device's addresses as its source.
 */
export interface StandIn {
  route: Route
  standIn: Route
}

/**
 * The protocol of a stand-in (`proto 76` in iproute2). It keeps the removal of a stand-in from
 * removing another route: the kernel compares the protocol always, but a source and metrics only if
 * the request names them.
 */
export const STAND_IN_PROTOCOL = 76

/** Whether a route is a stand-in, of whatever device. */
export function isStandIn({ protocol }: Route): boolean {
  return protocol === STAND_IN_PROTOCOL
}

/**
 * Whether a route is what the host has of another one while some devices of that are away: in its
 * place, through some of its nexthops, with its source or none.
 */
function standsFor(standIn: Route, route: Route): boolean {
  const { nexthops, preferredSource, type } = standIn
  if (!isStandIn(standIn) || type !== route.type) return false
  if (preferredSource !== undefined && preferredSource !== route.preferredSource) return false
  const known = route.nexthops.map(nexthopKey)
  return (
    nexthops.every((nexthop) => known.includes(nexthopKey(nexthop))) &&
    placeOf(standIn) === placeOf(route)
  )
}

/**
 * Finds the stand-ins for a route among others, in their order. Of hundreds in a place each would be
 * compared with each, if they did not go by the nexthop that the fewest of them have.
 */
export function standInsAmong(routes: Route[]): (route: Route) => Route[] {
  const standIns = routes.filter((one) => isStandIn(one) && one.nexthops.length > 0)
  if (standIns.length === 0) return () => []
  const counts = new Map<string, number>()
  const countOf = (key: string) => counts.get(key) ?? 0
  for (const key of standIns.flatMap(keysOf)) counts.set(key, countOf(key) + 1)
  const rarer = (one: string, other: string) => (countOf(other) < countOf(one) ? other : one)
  const groups = groupBy(standIns, (one) => keysOf(one).reduce(rarer))
  const ranks = new Map(standIns.map((one, rank) => [one, rank]))
  const rankOf = (one: Route) => ranks.get(one) ?? 0
  return (route) =>
    keysOf(route)
      .flatMap((key) => groups.get(key) ?? [])
      .filter((one) => standsFor(one, route))
      .toSorted((one, other) => rankOf(one) - rankOf(other))
}

/** The first of some routes for which each stand-in stands. */
export function originalsOf(standIns: Route[], routes: Route[]): Map<Route, Route> {
  const standInsOf = standInsAmong(standIns)
  return new Map(
    routes.toReversed().flatMap((route) => standInsOf(route).map((one) => [one, route])),
  )
}

function keysOf(route: Route): string[] {
  const place = placeOf(route)
  return [...new Set(route.nexthops.map(nexthopKey))].map((key) => `${place} ${key}`)
}

/** A stand-in with some nexthops of a route. */
export function standInThrough(route: Route, nexthops: Nexthop[]): Route {
  return { ...route, nexthops: asReported(nexthops), protocol: STAND_IN_PROTOCOL }
}
