import { coversEverything, EVERYTHING } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { ROUTE_TYPE, TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { describeRoute } from './describe.js'
import { groupBy } from './group-by.js'
import { namesIn } from './names-in.js'
import type { PackedState } from './schema.js'

/** The metric of a route that was requested without one. */
const DEFAULT_METRIC = { inet: 0, inet6: 1024 } as const

/** The metric that a route has in the kernel. */
export function metricOf({
  family,
  priority = DEFAULT_METRIC[family],
}: Pick<Route, 'family' | 'priority'>): number {
  return priority
}

/**
 * The place of a route in its table. The kernel finds a place by destination, source, TOS and
 * metric, and takes the first route there. Several routes may share a place: those added with
 * NLM_F_APPEND, and the connected routes of several addresses.
 */
export function placeOf({
  family,
  destination,
  source = '',
  table,
  typeOfService,
  priority = DEFAULT_METRIC[family],
}: Route): string {
  return `${family} ${destination} ${source} ${table} ${typeOfService} ${priority}`
}

/** The routes in the place of another one, in their order: each of ten thousands is looked for. */
export function byPlace(routes: Route[]): (route: Route) => Route[] {
  const places = groupBy(routes, placeOf)
  return (route) => places.get(placeOf(route)) ?? []
}

/**
 * Identity of a route of a device: its place, and what tells it from another route there. Of IPv6
 * the kernel compares the nexthops only.
 */
export function routeKey(route: Route): string {
  const { family, type, scope, preferredSource } = route
  return JSON.stringify([
    placeOf(route),
    type,
    ...(family === 'inet' ? [scope, preferredSource] : []),
    ...route.nexthops.map(gatewayOf),
  ])
}

/** Whether two routes share a place and lead the same way, with whatever source or scope. */
export function leadTheSameWay(one: Route, other: Route): boolean {
  const gateways = ({ nexthops }: Route) => nexthops.map(gatewayOf).join(' ')
  return (
    placeOf(one) === placeOf(other) && one.type === other.type && gateways(one) === gateways(other)
  )
}

function gatewayOf({ gateway, via }: Nexthop): string | undefined {
  return gateway ?? via?.address
}

/**
 * All that the kernel compares before it says that it has a route already; of IPv6 more than that.
 * Two such texts are the same if nothing but the time that is left differs.
 */
export function wholeOf(route: Route): string {
  const { nexthops, protocol, scope, type, preferredSource, metrics, preference, opaque } = route
  const known = [protocol, scope, type, preferredSource, preference ?? 0, route.nexthopObject]
  const hops = route.nexthopObject === undefined ? nexthops.map(wholeNexthop) : []
  return [placeOf(route), ...known, jsonOf(metrics), jsonOf(opaque), ...hops].join(' ')
}

function wholeNexthop(nexthop: Nexthop): string {
  return `${nexthopKey(nexthop)} ${nexthop.onlink} ${nexthop.weight}`
}

/** All of a nexthop that the kernel compares in IPv6 routes. */
export function nexthopKey({ interfaceIndex, gateway, via, opaque }: Nexthop): string {
  return `${interfaceIndex} ${gateway} ${via?.family} ${via?.address} ${jsonOf(opaque)}`
}

/** The kernel keeps each nexthop of an IPv6 route as a route of its own. */
export function partsOf(route: Route): Route[] {
  if (route.family === 'inet' || route.nexthops.length < 2) return [route]
  return route.nexthops.map((nexthop) => ({ ...route, nexthops: [nexthop] }))
}

/** The parts of a route that lead through a device; of IPv4 it is one with what leads through others. */
export function partsThrough(route: Route, index: number): Route[] {
  const parts = partsOf(route)
  return parts.length === 1
    ? parts
    : parts.filter(({ nexthops }) => nexthops[0]?.interfaceIndex === index)
}

/** Nexthops as the kernel reports them: of a single one it does not tell the weight. */
export function asReported(nexthops: Nexthop[]): Nexthop[] {
  return nexthops.length === 1 ? nexthops.map((one) => ({ ...one, weight: 1 })) : nexthops
}

/** The text of what few routes have: of ten thousands each takes time. */
function jsonOf(value: object | undefined): string {
  return value ? JSON.stringify(value) : ''
}

/** Where a route is among others, in their order; -1 if it is not there. */
export function ranksIn(order: Route[]): (route: Route) => number {
  const ranks = new Map<string, number>()
  for (const [n, one] of order.map(wholeOf).entries()) if (!ranks.has(one)) ranks.set(one, n)
  return (route) => ranks.get(wholeOf(route)) ?? -1
}

/** Whether a route is a default route: unicast, for every destination, in table main. */
export function isDefaultRoute({ destination, table, type }: Route): boolean {
  return coversEverything(destination) && table === TABLE.main && type === ROUTE_TYPE.unicast
}

/**
 * Default routes through a device, of families for which no other device has one. Without the
 * device the host has no default route of that family. None is packed.
 * @returns each route in iproute2's notation
 */
export function lostDefaultRoutes(
  host: NetworkNamespace,
  device: Link,
  state: PackedState,
): string[] {
  const own = state.routes.map(({ value }) => value).filter(isDefaultRoute)
  if (own.length === 0) return []
  const others = dumpRoutes(host.socket, { destinations: EVERYTHING })
    .filter(isDefaultRoute)
    .filter(({ nexthops }) =>
      nexthops.some(({ interfaceIndex }) => interfaceIndex !== device.index),
    )
  return own
    .filter((route) => !others.some(({ family }) => family === route.family))
    .map((route) => describeRoute(route, namesIn(host, device)))
}

/** Whether a route leads to what is on the link, by no other node. */
export function isOnLink({ nexthops }: Route): boolean {
  return !nexthops.some(hasGateway)
}

/** Whether a nexthop is another node. */
export function hasGateway({ gateway, via }: Nexthop): boolean {
  return gateway !== undefined || via !== undefined
}
