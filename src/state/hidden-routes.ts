import { ROUTE_PROTOCOL } from '../kernel/netlink/constants.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { isOnLink } from './routes.js'

/**
 * What the kernel has and does not list. It keeps each nexthop of an IPv6 route as a route of its own,
 * adds it at the end of its place, and lists all of them where the first one is. What came between them
 * is in force, but in no list, until a nexthop around it goes.
 */

/** Whether a route is one with all others in its place that are such. */
export function isJoinable(route: Route): boolean {
  const { family, nexthopObject, protocol } = route
  const isPlain = nexthopObject === undefined && protocol !== ROUTE_PROTOCOL.ra
  return family === 'inet6' && isPlain && !isOnLink(route)
}

/** Whether the kernel may have had a route in its place when it listed others there. */
export function mayBeHidden(route: Route, listed: Route[]): boolean {
  const isAround = (one: Route) => isJoinable(one) && one.nexthops.length > 1
  return route.family === 'inet6' && !isJoinable(route) && listed.some(isAround)
}

/**
 * The routes of a place that would be in no list once it has one more nexthop. None if one of them
 * cannot be put behind that: it would come back as another one, or its removal might take another one.
 */
export function hiddenBetween(present: Route[]): Route[] {
  const first = present.findIndex(isJoinable)
  if (first < 0 || present.some(({ nexthopObject }) => nexthopObject !== undefined)) return []
  const deviceOf = ({ nexthops }: Route) => nexthops[0]?.interfaceIndex
  const before = new Set(present.slice(0, first).map(deviceOf))
  const hidden = present.slice(first).filter((route) => !isJoinable(route))
  const isMovable = (route: Route) => isMadeByHand(route) && !before.has(deviceOf(route))
  return hidden.every(isMovable) ? hidden : []
}

/** Whether the same request makes the same route again. */
function isMadeByHand({ protocol, expiresSeconds }: Route): boolean {
  const isOfKernel = protocol === ROUTE_PROTOCOL.kernel || protocol === ROUTE_PROTOCOL.ra
  return !isOfKernel && expiresSeconds === undefined
}
