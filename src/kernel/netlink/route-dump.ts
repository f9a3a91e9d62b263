import { addressBytes, splitPrefix } from '../ip-address.js'
import { nativeAddon } from '../native-addon.js'
import { bytes, encodeAttributes, u32 } from './attributes.js'
import type { Family } from './common-schema.js'
import { AF, RTA, RTM } from './constants.js'
import { collect, type Fold } from './fold.js'
import type { Datagram, Request, Taker } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { nexthopsOfObjects } from './nexthop-object.js'
import { decodeRoute } from './route.js'
import { digestsOf, glimpseAt, ROUTE_FIXED_BYTES } from './route-glimpse.js'
import type { Nexthop, Route } from './route-schema.js'

/** In struct rtmsg, the fixed part of a message about a route. */
const FAMILY_OFFSET = 0

/** Which routes are wanted; where a key is absent, any. */
export interface WantedRoutes {
  family?: Family
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
export function foldRoutes(socket: NetlinkSocket, wanted: WantedRoutes): Fold<Route> {
  const { device, destinations } = wanted
  return (begin, take) => {
    const exact = destinations && new Set(destinations)
    const digests = exact && digestsOf(exact)
    const isWanted = (route: Route) =>
      (exact === undefined || exact.has(route.destination)) &&
      (device === undefined || leadsThrough(route, device) || isUnresolved(route))
    const among = { device, wanted }
    return foldRouteMessages(socket, among, begin, (result, datagram, start, end) => {
      if (digests && !digests.has(glimpseAt(datagram, start, end).destination)) return
      const route = decodeRoute({ data: datagram.bytes.subarray(start, end) })
      if (route && isWanted(route)) take(result, route)
    })
  }
}

/**
 * Like `foldRoutes`, but before a route is decoded.
 * @param among those that are handed on: all, or those through a device. None of those in `wanted` is
 *   missing, which may be fewer
 */
export function foldRouteMessages<T>(
  socket: NetlinkSocket,
  { device, wanted }: { device?: number | undefined; wanted: WantedRoutes },
  begin: () => T,
  take: (result: T, ...message: Parameters<Taker>) => ReturnType<Taker>,
): T {
  const tally = inet6Tally(wanted)
  return socket.fold(
    familiesOf(wanted).map((family) => routesRequest(family, device)),
    () => {
      tally.begin()
      return begin()
    },
    (result, datagram, start, end, { header }) => {
      // A kernel without IPv6 answers with the routes of all families that it has.
      if (datagram.bytes[start + FAMILY_OFFSET] !== header[FAMILY_OFFSET]) return
      if (header[FAMILY_OFFSET] === AF.inet6) tally.see(datagram)
      return take(result, datagram, start, end)
    },
    () => tally.isWhole(socket),
  )
}

/**
 * Of IPv6 routes the kernel remembers by their number where it was, and begins to count again if a route
 * was added meanwhile: as many as were removed before that place are in no dump then, and nothing marks
 * it. So what came in several datagrams counts only if another dump has the same wanted routes. Those of
 * one device it is asked for alone: they are in other places of the datagrams than before, or all in one,
 * which the kernel builds at once.
 */
function inet6Tally(wanted: WantedRoutes) {
  let attributes: Buffer | undefined
  let last: Datagram | undefined
  let datagrams = 0
  let digest = 0
  const begin = () => {
    last = undefined
    datagrams = 0
    digest = 0
  }
  const see = (datagram: Datagram) => {
    if (datagram === last) return
    attributes ??= attributesOf(wanted)
    last = datagram
    datagrams++
    digest = (digest + nativeAddon().digestOfRoutes(datagram.bytes, attributes)) >>> 0
  }
  const isWhole = (socket: NetlinkSocket) => {
    const before = digest
    if (datagrams < 2) return true
    socket.fold([routesRequest('inet6', wanted.device)], begin, (_, datagram) => {
      see(datagram)
      return datagram.bytes.length
    })
    return digest === before
  }
  return { begin, see, isWhole }
}

/** What the wanted routes have, see `digestOfRoutes` of the native addon. */
function attributesOf({ device, destinations }: WantedRoutes): Buffer {
  if (!destinations)
    return encodeAttributes(device === undefined ? [] : [u32(RTA.outputInterface, device)])
  const addresses = new Set(destinations.filter(isInet6).map((text) => splitPrefix(text).address))
  return encodeAttributes(
    [...addresses].map((address) => bytes(RTA.destination, addressBytes(address))),
  )
}

function routesRequest(family: Family, device: number | undefined): Request {
  const header = Buffer.alloc(ROUTE_FIXED_BYTES)
  header[FAMILY_OFFSET] = AF[family]
  const attributes = device === undefined ? [] : [u32(RTA.outputInterface, device)]
  return { type: RTM.getRoute, header, attributes }
}

function familiesOf({ family, destinations }: WantedRoutes): Family[] {
  if (family) return [family]
  const all: Family[] = ['inet', 'inet6']
  if (!destinations) return all
  return all.filter((one) => destinations.some((text) => isInet6(text) === (one === 'inet6')))
}

function isInet6(destination: string): boolean {
  return destination.includes(':')
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
