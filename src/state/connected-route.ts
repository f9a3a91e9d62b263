import { networkOf, prefixCovers } from '../kernel/ip-address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import {
  ADDRESS_FLAG,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  SCOPE,
  TABLE,
} from '../kernel/netlink/constants.js'
import type { Route } from '../kernel/netlink/route-schema.js'

/**
 * Whether the kernel makes this route itself, with one of the addresses. NetworkManager and others
 * add the address with `noprefixroute` and then a route with `proto kernel` themselves: the kernel
 * would not create that one. Nor does it create copies in other tables.
 * @param table the table in which the kernel makes the routes of the device
 */
export function isConnectedRoute(
  route: Route,
  addresses: Address[],
  table: number = TABLE.main,
): boolean {
  if (route.protocol !== ROUTE_PROTOCOL.kernel || route.table !== table) return false
  if (route.type !== ROUTE_TYPE.unicast) return true
  const [nexthop, ...others] = route.nexthops
  const isPlain =
    route.metrics === undefined &&
    route.typeOfService === 0 &&
    route.source === undefined &&
    others.length === 0 &&
    nexthop?.gateway === undefined &&
    nexthop?.via === undefined
  if (!isPlain) return false
  return route.family === 'inet'
    ? addresses.some((address) => makesRoute(address, route))
    : hasIpv6Maker(route, addresses)
}

/** Whether an IPv4 address comes with this route. A secondary address comes with none. */
function makesRoute(address: Address, { destination, preferredSource, priority, scope }: Route) {
  const { family, local, peer = local, prefixLength, metric } = address
  return (
    family === 'inet' &&
    makesPrefixRoute(address) &&
    scope === SCOPE.link &&
    preferredSource === local &&
    (priority ?? 0) === (metric ?? 0) &&
    destination === networkOf(peer, prefixLength)
  )
}

/** Whether an IPv6 address comes with this route, or a router advertisement, without an address in it. */
function hasIpv6Maker(route: Route, addresses: Address[]): boolean {
  const isInside = (end: string) => prefixCovers(route.destination, end)
  const inside = addresses.filter(
    ({ local, peer }) => isInside(local) || (peer !== undefined && isInside(peer)),
  )
  if (inside.length === 0) return true
  return inside.some(makesPrefixRoute)
}

/** The metric of an IPv6 prefix route, unless its address has one. */
export const PREFIX_METRIC = 256

/** Whether the kernel makes a route to the prefix of an address with it. A secondary IPv4 address comes with none. */
export function makesPrefixRoute({ family, flags }: Pick<Address, 'family' | 'flags'>): boolean {
  const none = ADDRESS_FLAG.noprefixroute | (family === 'inet' ? ADDRESS_FLAG.secondary : 0)
  return (flags & none) === 0
}

/**
 * Keys of the prefix routes of an address. The second one of IPv6, to the prefix of its peer, the kernel
 * makes only when it changes the address; one of IPv4 is to the prefix of its peer.
 */
export function prefixKeys(address: Address): string[] {
  const { family, local, peer = local, prefixLength, metric } = address
  const isInet = family === 'inet'
  const rank = metric ?? (isInet ? 0 : PREFIX_METRIC)
  return (isInet ? [peer] : [local, peer]).map((end) => `${networkOf(end, prefixLength)} ${rank}`)
}

/** Tells the prefix routes of a device from each other; local routes have the metric 0. */
export function prefixKey({ destination, priority = 0 }: Route): string {
  return `${destination} ${priority}`
}

/** The key of the local route of an address. */
export function localKey({ family, local }: Address): string {
  return `${local}/${family === 'inet' ? 32 : 128} 0`
}

/**
 * The table in which the kernel makes the routes of a device: table main, or that of the VRF whose
 * port the device is. There the kernel puts the local routes, too.
 */
export function tableOfDevice(routes: Route[]): number {
  const local = routes.find(
    ({ type, protocol, table }) =>
      type === ROUTE_TYPE.local && protocol === ROUTE_PROTOCOL.kernel && table !== TABLE.local,
  )
  return local?.table ?? TABLE.main
}
