import { coversEverything } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { ROUTE_TYPE, TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { describeRoute } from './describe.js'
import type { HostNetworkState } from './schema.js'

/** Identity of a route of a device. */
export function routeKey(route: Route): string {
  const { family, destination, source, table, typeOfService, priority, type } = route
  const gateways = route.nexthops.map(({ gateway, via }) => gateway ?? via?.address)
  return JSON.stringify([
    ...[family, destination, source, table, typeOfService, priority, type],
    ...gateways,
  ])
}

/** Whether a route is a default route: unicast, for every destination, in table main. */
export function isDefaultRoute({ destination, table, type }: Route): boolean {
  return coversEverything(destination) && table === TABLE.main && type === ROUTE_TYPE.unicast
}

/**
 * Default routes through a device, of families for which no other device has one. Without the
 * device the host has no default route of that family.
 * @returns each route in iproute2's notation
 */
export function lostDefaultRoutes(
  host: NetworkNamespace,
  device: Link,
  state: HostNetworkState,
): string[] {
  const own = state.routes.map(({ value }) => value).filter(isDefaultRoute)
  if (own.length === 0) return []
  const others = dumpRoutes(host.socket)
    .filter(isDefaultRoute)
    .filter(({ nexthops }) =>
      nexthops.some(({ interfaceIndex }) => interfaceIndex !== device.index),
    )
  return own
    .filter((route) => !others.some(({ family }) => family === route.family))
    .map((route) => describeRoute(route, device.name))
}
