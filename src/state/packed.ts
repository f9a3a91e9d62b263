import { ROUTE_PROTOCOL, ROUTE_TYPE, TABLE } from '../kernel/netlink/constants.js'
import { unpackRoutes } from '../kernel/netlink/packed-routes.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import type { Captured, HostNetworkState, PackedState } from './schema.js'
import { isStandIn } from './stand-in.js'

/** Routes of these are left behind, or come by themselves. */
const OF_OTHERS: number[] = [ROUTE_PROTOCOL.kernel, ROUTE_PROTOCOL.ra, ROUTE_PROTOCOL.redirect]

/**
 * Which routes of a device may be packed: those of which each is carried, applied and restored in the
 * same way, whatever its destination is. They have one nexthop, never end, and depend on no other device.
 * @param locals the addresses of the device
 */
export function mayPack(locals: string[]): (route: Route) => boolean {
  return (route) => {
    const { type, protocol, table, preferredSource, nexthops, nexthopObject } = route
    const [nexthop, ...others] = nexthops
    return (
      type === ROUTE_TYPE.unicast &&
      table !== TABLE.local &&
      !OF_OTHERS.includes(protocol) &&
      !isStandIn(route) &&
      route.cloned === undefined &&
      route.expiresSeconds === undefined &&
      nexthopObject === undefined &&
      nexthop !== undefined &&
      others.length === 0 &&
      (preferredSource === undefined || locals.includes(preferredSource))
    )
  }
}

/** How the texts of the addresses in fe80::/10 begin. */
const LINK_LOCAL = ['fe8', 'fe9', 'fea', 'feb']

/** Whether one of the destinations is a link-local one: such routes are judged each by itself. */
export function hasLinkLocal({ like, addresses }: PackedRoutes): boolean {
  if (like.family === 'inet') return false
  const text = ` ${addresses}`
  return LINK_LOCAL.some((start) => text.includes(` ${start}`))
}

/** A state with each route by itself. */
export function unpacked({ packed = [], ...state }: PackedState): HostNetworkState {
  if (packed.length === 0) return state
  return { ...state, routes: [...state.routes, ...packed.flatMap(unpackCaptured)] }
}

function unpackCaptured({ value, ...judged }: Captured<PackedRoutes>): Captured<Route>[] {
  return unpackRoutes(value).map((route) => ({ ...judged, value: route }))
}
