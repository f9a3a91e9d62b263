import { dumpRoutes, newRouteRequest } from '../kernel/netlink/route.js'
import type { RouteSocket } from '../kernel/netlink/route-socket.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import type { Refused } from './apply-addresses.js'

/**
 * Adds routes through a device. A gateway must be reachable by a route that is
 * there before, so those on the link go first, and what was refused is tried
 * again as long as anything new could be added.
 */
export function addRoutes(
  socket: RouteSocket,
  former: Link,
  device: Link,
  routes: Route[],
): Refused<Route>[] {
  let refused: Refused<Route>[] = []
  let pending = onLinkFirst(routes)
  while (pending.length > 0) {
    const requests = pending.map((route) => newRouteRequest(through(former, device, route)))
    const outcomes = socket.requestAll(requests)
    refused = pending.flatMap((value, n) => {
      const error = outcomes[n]
      return error ? [{ value, error }] : []
    })
    if (refused.length === 0 || refused.length === pending.length) break
    pending = refused.map(({ value }) => value)
  }
  return refused.filter(
    ({ value, error }) => !(error.is('EEXIST') && isThere(socket, device, value)),
  )
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

/** Whether the device has that very route, not just another one in its place. */
function isThere(socket: RouteSocket, device: Link, wanted: Route): boolean {
  return dumpRoutes(socket, wanted.family, device.index).some(
    (route) =>
      route.destination === wanted.destination &&
      route.source === wanted.source &&
      route.table === wanted.table &&
      route.typeOfService === wanted.typeOfService &&
      // The kernel writes IPv6's default metric down, the request left it out.
      (wanted.priority === undefined || route.priority === wanted.priority) &&
      route.hops[0]?.gateway === wanted.hops[0]?.gateway,
  )
}
