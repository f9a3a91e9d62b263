import { u32 } from './attributes.js'
import type { Family } from './common-schema.js'
import { AF, RTA, RTM } from './constants.js'
import { collect, type Fold } from './fold.js'
import type { Taker } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { nexthopsOfObjects } from './nexthop-object.js'
import { decodeRoute } from './route.js'
import { digestsOf, glimpseAt, ROUTE_FIXED_BYTES } from './route-glimpse.js'
import type { Nexthop, Route } from './route-schema.js'

/** In struct rtmsg, the fixed part of a message about a route. */
const FAMILY_OFFSET = 0

/** Which routes are wanted; where a key is absent, any. */
export interface WantedRoutes {
  /** The index of a device: only routes with a nexthop through it. */
  device?: number
  /** Where the routes lead: "prefix/length". */
  destinations?: string[]
}

/** The routes of both families, in every table, in the kernel's order. */
export function dumpRoutes(socket: NetlinkSocket, wanted: WantedRoutes = {}): Route[] {
  const { device } = wanted
  const resolved = withNexthops(socket, collect(foldRoutes(socket, wanted)))
  return device === undefined ? resolved : resolved.filter((route) => leadsThrough(route, device))
}

/**
 * The same, each handled as it comes. A route by a nexthop object may come without its nexthops
 * (net.ipv4.nexthop_compat_mode).
 */
export function foldRoutes(
  socket: NetlinkSocket,
  { device, destinations }: WantedRoutes,
): Fold<Route> {
  return (begin, take) => {
    const exact = destinations && new Set(destinations)
    const digests = exact && digestsOf(exact)
    const isWanted = (route: Route) =>
      (exact === undefined || exact.has(route.destination)) &&
      (device === undefined || leadsThrough(route, device) || isUnresolved(route))
    return foldRouteMessages(socket, device, begin, (result, datagram, start, end) => {
      if (digests && !digests.has(glimpseAt(datagram, start, end).destination)) return
      const route = decodeRoute({ data: datagram.bytes.subarray(start, end) })
      if (route && isWanted(route)) take(result, route)
    })
  }
}

/** Like `foldRoutes`, but before a route is decoded. */
export function foldRouteMessages<T>(
  socket: NetlinkSocket,
  device: number | undefined,
  begin: () => T,
  take: (result: T, ...message: Parameters<Taker>) => ReturnType<Taker>,
): T {
  const attributes = device === undefined ? [] : [u32(RTA.outputInterface, device)]
  const requests = [AF.inet, AF.inet6].map((family) => {
    const header = Buffer.alloc(ROUTE_FIXED_BYTES)
    header[FAMILY_OFFSET] = family
    return { type: RTM.getRoute, header, attributes }
  })
  return socket.fold(requests, begin, (result, datagram, start, end, { header }) => {
    // A kernel without IPv6 answers with the routes of all families that it has.
    const family = datagram.bytes[start + FAMILY_OFFSET]
    if (family === header[FAMILY_OFFSET]) return take(result, datagram, start, end)
  })
}

/** Whether a route has a nexthop through the device of this index. */
export function leadsThrough({ nexthops }: Route, device: number): boolean {
  return nexthops.some(({ interfaceIndex }) => interfaceIndex === device)
}

function isUnresolved({ nexthops, nexthopObject }: Route): boolean {
  return nexthops.length === 0 && nexthopObject !== undefined
}

/** Adds the nexthops of nexthop objects, if the kernel reports only their ids. */
export function withNexthops(socket: NetlinkSocket, routes: Route[]): Route[] {
  if (!routes.some(isUnresolved)) return routes
  const nexthopsOf = nexthopsOfObjects(socket)
  return routes.map((route) => {
    if (!isUnresolved(route)) return route
    const nexthops = nexthopsOf(route.nexthopObject ?? 0)
    return { ...route, nexthops: nexthops.map((nexthop) => inRouteOf(route.family, nexthop)) }
  })
}

/** A nexthop object has a gateway of any family; a route has one of the other family as `via`. */
export function inRouteOf(family: Family, { gateway, ...nexthop }: Nexthop): Nexthop {
  if (gateway === undefined) return nexthop
  const other: Family = gateway.includes(':') ? 'inet6' : 'inet'
  return other === family
    ? { ...nexthop, gateway }
    : { ...nexthop, via: { family: other, address: gateway } }
}
