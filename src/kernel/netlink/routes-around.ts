import { ROUTE_PROTOCOL } from './constants.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { decodeRoute } from './route.js'
import { foldRouteMessages, leadsThrough, withNexthops } from './route-dump.js'
import { digestOfAddress, type Glimpse } from './route-glimpse.js'
import { type DumpedRoute, type RoutePacker, routePacker } from './route-packer.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** The routes of a namespace, as seen from one of its devices. */
export interface RoutesAround {
  /** Those with a nexthop through the device. */
  own: Route[]
  /** More of those: many that are alike, to destinations to which no other route leads. */
  packed: PackedRoutes[]
  /** Those of other devices that prefer one of the device's addresses as their source. */
  bySource: Route[]
  /**
   * All routes to those of their destinations to which others lead, too, in the kernel's order; not to
   * those that the kernel gives every device.
   */
  shared: Route[]
}

/**
 * Reads all routes, but decodes only those that concern a device: a host may have many thousand
 * others.
 * @param locals the addresses of the device
 * @param mayPack which routes through the device may be packed
 */
export function dumpRoutesAround(
  socket: NetlinkSocket,
  index: number,
  locals: string[],
  mayPack: (route: Route) => boolean,
): RoutesAround {
  const table = readTable(socket, index, locals, mayPack)
  const packed = table.packed()
  const entries = resolve(socket, table.rest())
  const isBySource = ({ preferredSource }: Route) =>
    preferredSource !== undefined && locals.includes(preferredSource)
  const own = new Set<Route>()
  const bySource: Route[] = []
  const wanted = new Set<number>()
  for (const { route, destination } of entries) {
    if (!route) continue
    if (leadsThrough(route, index)) own.add(route)
    else if (isBySource(route)) bySource.push(route)
    else continue
    if (!isOfEveryDevice(route)) wanted.add(destination)
  }
  const withOthers = new Set<number>()
  for (const { route, destination } of entries)
    if (wanted.has(destination) && !(route && own.has(route))) withOthers.add(destination)
  const shared = entries.filter(({ destination }) => withOthers.has(destination))
  return { own: [...own], packed, bySource, shared: withNexthops(socket, shared.flatMap(routeOf)) }
}

/** What the kernel gives each device for itself. A node has as many of these as it has pods. */
const OF_EVERY_DEVICE = ['fe80::/64', 'ff00::/8']

function isOfEveryDevice({ destination, protocol }: Route): boolean {
  return protocol === ROUTE_PROTOCOL.kernel && OF_EVERY_DEVICE.includes(destination)
}

/** All routes; those are decoded that may concern the device and cannot be packed. */
function readTable(
  socket: NetlinkSocket,
  index: number,
  locals: string[],
  mayPack: (route: Route) => boolean,
): RoutePacker {
  const sources = new Set(locals.map(digestOfAddress))
  const isOfConcern = ({ device, source }: Glimpse) =>
    device === index || device === undefined || (source !== undefined && sources.has(source))
  return foldRouteMessages(
    socket,
    undefined,
    () =>
      routePacker({
        isOfConcern,
        mayPack: (route) => leadsThrough(route, index) && mayPack(route),
      }),
    (packer, datagram, start, end) => packer.take(datagram, start, end),
  )
}

/** Adds the nexthops of nexthop objects to what is decoded. */
function resolve(socket: NetlinkSocket, entries: DumpedRoute[]): DumpedRoute[] {
  const near = entries.filter(({ route }) => route !== undefined)
  const routes = withNexthops(socket, near.flatMap(routeOf))
  for (const [n, entry] of near.entries()) entry.route = routes[n]
  return entries
}

function routeOf({ route, datagram, start, end }: DumpedRoute): Route | [] {
  return route ?? decodeRoute({ data: datagram.bytes.subarray(start, end) }) ?? []
}
