import type { Link } from '../kernel/netlink/link-schema.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'

/** Replaces the device's old index in nexthops. */
export function through(
  original: Pick<Link, 'index'>,
  device: Pick<Link, 'index'>,
  route: Route,
): Route {
  if (original.index === device.index) return route
  const nexthops = route.nexthops.map((nexthop) => byIndex(original, device, nexthop))
  return { ...route, nexthops }
}

/** Replaces the device's old index; the index may change on a move. */
export function byIndex(
  original: Pick<Link, 'index'>,
  device: Pick<Link, 'index'>,
  nexthop: Nexthop,
): Nexthop {
  if (nexthop.interfaceIndex !== original.index) return nexthop
  return { ...nexthop, interfaceIndex: device.index }
}
