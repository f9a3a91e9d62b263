import { addressBytes } from '../ip-address.js'
import { bytes, encodeAttributes, u32 } from './attributes.js'
import { RTA } from './constants.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { decodeRoute } from './route.js'
import { foldRouteMessages, leadsThrough, withNexthops } from './route-dump.js'
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
   * All routes to those of their destinations to which others lead, too, in the kernel's order; few of
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
    wanted.add(destination)
  }
  const withOthers = new Set<number>()
  for (const { route, destination } of entries)
    if (wanted.has(destination) && !(route && own.has(route))) withOthers.add(destination)
  const shared = entries.filter(({ destination }) => withOthers.has(destination))
  return { own: [...own], packed, bySource, shared: withNexthops(socket, shared.flatMap(routeOf)) }
}

/**
 * The routes that may concern the device, and the others of their destinations. The former are decoded,
 * unless they are packed.
 */
function readTable(
  socket: NetlinkSocket,
  index: number,
  locals: string[],
  mayPack: (route: Route) => boolean,
): RoutePacker {
  const wanted = encodeAttributes([
    u32(RTA.outputInterface, index),
    ...locals.map((local) => bytes(RTA.preferredSource, addressBytes(local))),
  ])
  return foldRouteMessages(
    socket,
    { wanted: { device: index } },
    () =>
      routePacker({
        wanted,
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
