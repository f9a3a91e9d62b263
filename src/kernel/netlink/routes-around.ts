import { addressBytes, familyNumber } from '../ip-address.js'
import { align, type NetlinkMessage, readU8, readU16, readU32 } from './bytes.js'
import type { Family } from './common-schema.js'
import { RTA, RTM } from './constants.js'
import { decodeRoute, ROUTE_FIXED_BYTES, withNexthops } from './route.js'
import type { Route } from './route-schema.js'
import type { RouteSocket } from './route-socket.js'

/** The routes of a namespace, as seen from one of its devices. */
export interface RoutesAround {
  /** Those with a nexthop through the device. */
  own: Route[]
  /** Those of other devices that prefer one of the device's addresses as their source. */
  bySource: Route[]
  /**
   * Both and all other routes to their destinations, in the kernel's order; none if there are no
   * others.
   */
  shared: Route[]
}

/**
 * Reads all routes, but decodes only those that concern a device: a host may have many thousand
 * others.
 * @param locals the addresses of the device
 */
export function dumpRoutesAround(
  socket: RouteSocket,
  index: number,
  locals: string[],
): RoutesAround {
  const sources = new Set(
    locals.map(addressBytes).map((address) => digestOf(address, 0, address.length)),
  )
  const mayConcern = ({ device, source }: Glimpse) =>
    device === index || device === undefined || (source !== undefined && sources.has(source))
  const isOwn = ({ nexthops }: Route) => nexthops.some((one) => one.interfaceIndex === index)
  const isBySource = ({ preferredSource }: Route) =>
    preferredSource !== undefined && locals.includes(preferredSource)

  const glimpses = [...dumpFamily(socket, 'inet'), ...dumpFamily(socket, 'inet6')].map(glimpseAt)
  const near = glimpses.filter(mayConcern)
  const routes = decoded(socket, near)
  const own = routes.filter(isOwn)
  const bySource = routes.filter((route) => !isOwn(route) && isBySource(route))

  const known = new Map(near.map((glimpse, n) => [glimpse, routes[n] as Route]))
  const concerned = new Set([...own, ...bySource])
  const wanted = new Set<number>()
  for (const [{ destination }, route] of known) if (concerned.has(route)) wanted.add(destination)
  const there = glimpses.filter(({ destination }) => wanted.has(destination))
  const others = there.filter((glimpse) => !known.has(glimpse))
  for (const [n, route] of decoded(socket, others).entries()) known.set(others[n] as Glimpse, route)
  const isShared = bySource.length > 0 || there.length > own.length
  return { own, bySource, shared: isShared ? there.flatMap((one) => known.get(one) ?? []) : [] }
}

/** Decodes each: none is of another family. */
function decoded(socket: RouteSocket, glimpses: Glimpse[]): Route[] {
  return withNexthops(
    socket,
    glimpses.map(({ message }) => decodeRoute(message) as Route),
  )
}

function dumpFamily(socket: RouteSocket, family: Family): NetlinkMessage[] {
  const header = Buffer.alloc(ROUTE_FIXED_BYTES)
  header[0] = familyNumber(family)
  return socket
    .dump({ type: RTM.getRoute, header })
    .filter(({ data }) => readU8(data, 0) === familyNumber(family))
}

/** What is read of a route to see whether it concerns a device. */
interface Glimpse {
  message: NetlinkMessage
  /** Undefined if the route has several nexthops, or a nexthop object. */
  device: number | undefined
  /** By `digestOf`; undefined if the route prefers no source. */
  source: number | undefined
  destination: number
}

/** Which of the two bytes of a 16-bit number is the low one. */
const LOW = readU16(Buffer.from([1, 0]), 0) === 1 ? 0 : 1

/** Walks over the attributes, without calls and objects for each: they would take most of the time. */
function glimpseAt(message: NetlinkMessage): Glimpse {
  const { data } = message
  let device: number | undefined
  let source: number | undefined
  let destination = 0
  for (let at = ROUTE_FIXED_BYTES; at + 4 <= data.length; ) {
    const length = (data[at + LOW] as number) + 0x100 * (data[at + 1 - LOW] as number)
    const type = data[at + 2 + LOW]
    if (length < 4) break
    if (type === RTA.outputInterface) device = readU32(data, at + 4)
    else if (type === RTA.preferredSource) source = digestOf(data, at + 4, length - 4)
    else if (type === RTA.destination) destination = digestOf(data, at + 4, length - 4)
    at += align(length)
  }
  return { message, device, source, destination }
}

/** A number that is the same for the same address. Others may have it, too. */
function digestOf(bytes: Buffer, at: number, length: number): number {
  let digest = 0
  for (let n = 0; n + 4 <= length; n += 4) digest ^= readU32(bytes, at + n)
  return digest
}
