import type { Request } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { routeRemoval } from '../kernel/netlink/route.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { groupBy } from './group-by.js'
import { metricOf, partsOf, placeOf, wholeOf } from './routes.js'

/** How routes are taken off an interface. */
export interface ExactRemovals {
  requests: Request[]
  /** What is there, and the kernel would take off another route instead. */
  staying: Route[]
}

/**
 * Removes routes that an interface has as a whole as they were added, and no other one. The kernel
 * compares what a request states: without a metric it takes the next route to that destination.
 * @param index the interface
 */
export function exactRemovals(
  socket: NetlinkSocket,
  index: number,
  routes: Route[],
): ExactRemovals {
  const ofInet6 = routes.filter(({ family }) => family === 'inet6').toReversed()
  const { requests, staying } = ofInet(
    socket,
    index,
    routes.filter(({ family }) => family === 'inet'),
  )
  return {
    requests: [...ofInet6.flatMap(partsOf).map(withMetric).map(routeRemoval), ...requests],
    staying,
  }
}

/** Of IPv6 no two nexthops in a place are the same: with its metric, a removal takes none but that. */
function withMetric(route: Route): Route {
  return { ...route, priority: metricOf(route) }
}

function ofInet(socket: NetlinkSocket, index: number, routes: Route[]): ExactRemovals {
  const removals: ExactRemovals = { requests: [], staying: [] }
  if (routes.length === 0) return removals
  // Refuses what no request can state: a damaged route must not pass for one that is gone.
  routes.forEach(routeRemoval)
  const own = new Set(routes.map(wholeOf))
  const places = new Set(routes.map(placeOf))
  const destinations = routes.map(({ destination }) => destination)
  const { kept, behind } = foldRoutes(socket, { device: index, destinations })(
    (): Present => ({ kept: [], strangers: 0, crowded: new Set(), behind: [] }),
    (present, route) => {
      const place = placeOf(route)
      // One by a nexthop object is not removed by its nexthops.
      if (route.nexthopObject !== undefined || !places.has(place)) return
      const isOwn = own.has(wholeOf(route))
      if (!isOwn && ++present.strangers > MOST_STRANGERS) present.crowded.add(place)
      else (present.crowded.has(place) ? present.behind : present.kept).push(route)
    },
  )
  for (const present of groupBy(kept, placeOf).values()) {
    const left = new Set(present)
    for (const route of present) {
      if (!own.has(wholeOf(route))) continue
      const exact = waysToState(route, left).find((stated) => firstOf(left, stated) === route)
      if (exact) {
        removals.requests.push(routeRemoval(exact))
        left.delete(route)
      } else removals.staying.push(route)
    }
  }
  removals.staying.push(...behind)
  return removals
}

/** More routes of others in the places of ours are not compared with: a pod may have very many. */
const MOST_STRANGERS = 1000

/** What is in the places of our routes. */
interface Present {
  /** In the kernel's order. */
  kept: Route[]
  strangers: number
  /** Where others were left out. */
  crowded: Set<string>
  /** Our routes behind these. */
  behind: Route[]
}

/**
 * A route as a removal may state it: with a zero for each metric that only others have, and its one
 * nexthop also as a list, which no longer one begins with. With a weight it is sent as such.
 */
function waysToState(route: Route, among: Set<Route>): Route[] {
  const { nexthops } = route
  const named = [...among].flatMap(({ metrics = {} }) => Object.keys(metrics).filter(isNumber))
  const zeros = Object.fromEntries(named.map((name) => [name, 0]))
  const metrics = { ...zeros, ...route.metrics }
  const stated = Object.keys(metrics).length === 0 ? route : { ...route, metrics }
  const listed = { ...stated, nexthops: nexthops.map((one) => ({ ...one, weight: 2 })) }
  return nexthops.length === 1 ? [stated, listed] : [stated]
}

/** The kernel looks for a congestion control of any name, and compares no metric that it does not know. */
function isNumber(metric: string): boolean {
  return metric !== 'congctl' && !metric.startsWith('#')
}

/** The route of a place that the kernel takes off. */
function firstOf(place: Set<Route>, stated: Route): Route | undefined {
  for (const route of place) if (hasAllOf(route, stated)) return route
  return undefined
}

/** As fib_table_delete of the kernel compares: neither weights nor what is `onlink`. */
function hasAllOf(route: Route, stated: Route): boolean {
  const { preferredSource, protocol, metrics = {} } = stated
  return (
    route.type === stated.type &&
    route.scope === stated.scope &&
    (preferredSource === undefined || route.preferredSource === preferredSource) &&
    (protocol === 0 || route.protocol === protocol) &&
    Object.entries(metrics).every(([name, value]) => (route.metrics?.[name] ?? 0) === value) &&
    beginsLike(route.nexthops, stated.nexthops)
  )
}

/** Of one nexthop by itself the first is compared; of a list, all that a route has. */
function beginsLike(nexthops: Nexthop[], stated: Nexthop[]): boolean {
  const isList = stated.length > 1 || stated.some(({ weight }) => weight > 1)
  if (isList && nexthops.length > stated.length) return false
  return (isList ? nexthops : nexthops.slice(0, 1)).every((nexthop, n) => {
    const other = stated[n]
    return (
      nexthop.interfaceIndex === other?.interfaceIndex &&
      (other.gateway === undefined || nexthop.gateway === other.gateway) &&
      (other.via === undefined || nexthop.via?.address === other.via.address)
    )
  })
}
