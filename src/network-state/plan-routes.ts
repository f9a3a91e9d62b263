import { newRouteRequest } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import type { Addition } from './addition.js'

/**
 * A gateway must be reachable by a route that is there before. With those on the
 * link first, one pass is enough for nearly every host.
 */
export function planRoutes(former: Link, device: Link, routes: Route[]): Addition<Route>[] {
  return onLinkFirst(routes).map((value) => ({
    value,
    request: newRouteRequest(through(former, device, value)),
  }))
}

function onLinkFirst(routes: Route[]): Route[] {
  const onLink = (route: Route) =>
    route.hops.every((hop) => hop.gateway === undefined && hop.via === undefined)
  return [...routes.filter(onLink), ...routes.filter((route) => !onLink(route))]
}

/** The device's own hops name its index, which may have changed on the way. */
function through(former: Link, device: Link, route: Route): Route {
  const hops = route.hops.map((hop) =>
    hop.interfaceIndex === former.index ? { ...hop, interfaceIndex: device.index } : hop,
  )
  return { ...route, hops }
}
