import { decodeRoute } from './route.js'
import { routeDecoder } from './route-alike.js'
import { foldRouteMessages, leadsThrough, withNexthops } from './route-dump.js'
import { digestOfAddress, type Glimpse, glimpseAt } from './route-glimpse.js'
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

/** A route of the table. */
interface Entry {
  /** The digest of its destination. */
  destination: number
  /** Undefined if it does not concern the device; then its message is kept. */
  route: Route | undefined
  message: Buffer | undefined
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
  const entries = readTable(socket, index, locals)
  const near = entries.filter(({ route }) => route !== undefined)
  const routes = withNexthops(
    socket,
    near.map(({ route }) => route as Route),
  )
  const own = routes.filter((route) => leadsThrough(route, index))
  const isBySource = (route: Route) =>
    route.preferredSource !== undefined &&
    locals.includes(route.preferredSource) &&
    !leadsThrough(route, index)
  const bySource = routes.filter(isBySource)

  const concerned = new Set([...own, ...bySource])
  const wanted = new Set<number>()
  for (const [n, entry] of near.entries()) {
    entry.route = routes[n]
    if (concerned.has(routes[n] as Route)) wanted.add(entry.destination)
  }
  const there = entries.filter(({ destination }) => wanted.has(destination))
  if (bySource.length === 0 && there.length === own.length) return { own, bySource, shared: [] }
  const shared = there.flatMap(
    ({ route, message }) => route ?? (message && decodeRoute({ data: message })) ?? [],
  )
  return { own, bySource, shared: withNexthops(socket, shared) }
}

function readTable(socket: RouteSocket, index: number, locals: string[]): Entry[] {
  const sources = new Set(locals.map(digestOfAddress))
  const mayConcern = ({ device, source }: Glimpse) =>
    device === index || device === undefined || (source !== undefined && sources.has(source))
  const decode = routeDecoder()
  const begin = (): Entry[] => []
  return foldRouteMessages(socket, undefined, begin, (entries, datagram, start, end) => {
    const seen = glimpseAt(datagram, start, end)
    const { destination } = seen
    const isNear = mayConcern(seen)
    entries.push({
      destination,
      route: isNear ? decode(datagram, start, end, seen) : undefined,
      message: isNear ? undefined : datagram.bytes.subarray(start, end),
    })
  })
}
