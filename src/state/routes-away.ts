import type { Link } from '../kernel/netlink/link-schema.js'
import { destinationsOf } from '../kernel/netlink/packed-routes.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import type { RoutesAround } from '../kernel/netlink/routes-around.js'
import { unpacked } from './packed.js'
import { toRestore } from './reasons.js'
import { placeOf, wholeOf } from './routes.js'
import type { HostNetworkState, PackedState } from './schema.js'
import { isStandIn, originalsOf } from './stand-in.js'
import { localsOf } from './stand-ins.js'
import { orderOf } from './state-to-restore.js'

/**
 * Adds to a captured state the routes of devices which are lent already, in the places of those that
 * the kernel takes with this one: the host does not have them now. Otherwise the device that comes
 * home last would take the route of the other one for a stranger's, and its own would not come back.
 * @param away the states of the devices that are lent
 */
export function withRoutesAway(state: PackedState, away: PackedState[]): PackedState {
  if (away.length === 0) return state
  const whole = withoutPackedTo(new Set(away.flatMap(allDestinations)), state)
  const { shared = [] } = whole
  // Of other devices' routes the kernel takes those by a source of the device: they are shared.
  const leaving = [...toRestore(whole.routes), ...shared].filter((route) => !isStandIn(route))
  const destinations = new Set(leaving.map(({ destination }) => destination))
  const places = new Set(leaving.map(placeOf))
  const inPlaces = (one: PackedState) =>
    [...orderOf(one), ...packedTo(destinations, one)].filter(
      (route) => places.has(placeOf(route)) && !isStandIn(route),
    )
  const known = away.flatMap(inPlaces)
  if (known.length === 0) return state
  const ofOtherPlaces = shared.filter((route) => !places.has(placeOf(route)))
  return { ...whole, shared: [...ofOtherPlaces, ...eachOnce([...known, ...inPlaces(whole)])] }
}

/**
 * Whether a device has routes in common with others: through several devices, in a place where another
 * one has some, by a nexthop group, or with an address of another device as their source.
 */
export function hasCommonRoutes(state: PackedState, { index }: Link): boolean {
  const { routes, packed = [], shared = [], nexthopObjects = [] } = state
  if (shared.length > 0 || nexthopObjects.some(({ members }) => members.length > 0)) return true
  const locals = localsOf(state)
  const isCommon = ({ nexthops, preferredSource }: Route) =>
    nexthops.some(({ interfaceIndex }) => interfaceIndex !== index) ||
    (preferredSource !== undefined && !locals.includes(preferredSource))
  return (
    routes.some(({ value }) => isCommon(value)) || packed.some(({ value }) => isCommon(value.like))
  )
}

function allDestinations({ routes, packed = [] }: PackedState): string[] {
  return [
    ...routes.map(({ value }) => value.destination),
    ...packed.flatMap(({ value }) => destinationsOf(value)),
  ]
}

/** Unpacks routes if some of them lead to one of these destinations. */
function withoutPackedTo(destinations: Set<string>, state: PackedState): PackedState {
  const leadsThere = (value: PackedRoutes) =>
    destinationsOf(value).some((destination) => destinations.has(destination))
  return state.packed?.some(({ value }) => leadsThere(value)) ? unpacked(state) : state
}

function packedTo(destinations: Set<string>, { packed = [] }: PackedState): Route[] {
  return packed.flatMap(({ value }) =>
    destinationsOf(value)
      .filter((destination) => destinations.has(destination))
      .map((destination) => ({ ...value.like, destination })),
  )
}

/**
 * Puts into the place of stand-ins of the device the routes for which they stand: these are what the
 * device has, and no stand-in is restored or carried. One that nothing recorded explains stays.
 * @param away the states of the devices that are lent, and of those of which something is outstanding
 */
export function withOriginals(table: RoutesAround, away: () => HostNetworkState[]): RoutesAround {
  const standIns = table.own.filter(isStandIn)
  if (standIns.length === 0) return table
  const known = away()
    .flatMap(orderOf)
    .filter((route) => !isStandIn(route))
  const originals = originalsOf(standIns, known)
  const original = (route: Route) => originals.get(route) ?? route
  return { ...table, own: table.own.map(original), shared: table.shared.map(original) }
}

function eachOnce(routes: Route[]): Route[] {
  return [...new Map(routes.map((route) => [wholeOf(route), route])).values()]
}
