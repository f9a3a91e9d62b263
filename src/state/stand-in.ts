import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
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
const STAND_IN_PROTOCOL = 76

/** Whether a route is a stand-in, of whatever device. */
export function isStandIn({ protocol }: Route): boolean {
  return protocol === STAND_IN_PROTOCOL
}

/**
 * Whether a route is what the host has of another one while some devices of that are away: in its
 * place, through some of its nexthops, with its source or none.
 */
export function standsFor(standIn: Route, route: Route): boolean {
  const { nexthops, preferredSource, type } = standIn
  // Cheap first: of hundreds in a place, each is compared with each.
  if (!isStandIn(standIn) || type !== route.type) return false
  if (preferredSource !== undefined && preferredSource !== route.preferredSource) return false
  const known = route.nexthops.map(nexthopKey)
  return (
    nexthops.every((nexthop) => known.includes(nexthopKey(nexthop))) &&
    placeOf(standIn) === placeOf(route)
  )
}

/** A stand-in with some nexthops of a route. */
export function standInThrough(route: Route, nexthops: Nexthop[]): Route {
  return { ...route, nexthops: asReported(nexthops), protocol: STAND_IN_PROTOCOL }
}
