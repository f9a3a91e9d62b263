import type { Route } from '../kernel/netlink/route-schema.js'
import type { RoutesAround } from '../kernel/netlink/routes-around.js'
import { toRestore } from './reasons.js'
import { orderOf } from './restore.js'
import { placeOf, wholeOf } from './routes.js'
import type { HostNetworkState } from './schema.js'
import { isStandIn, standsFor } from './stand-in.js'

const DESTINATION = '"destination":"'

/**
 * Tells by a record's text whether it may have a route to one of these destinations. It takes as
 * long as the text is, however many there are.
 */
export function mayLeadTo({ routes }: HostNetworkState): (text: string) => boolean {
  const wanted = new Set(toRestore(routes).map(({ destination }) => destination))
  if (wanted.size === 0) return () => false
  return (text) => {
    for (let at = text.indexOf(DESTINATION); at >= 0; at = text.indexOf(DESTINATION, at + 1)) {
      const start = at + DESTINATION.length
      if (wanted.has(text.slice(start, text.indexOf('"', start)))) return true
    }
    return false
  }
}

/**
 * Adds to a captured state the routes in the places of its own that belong to devices which are
 * lent already: the host does not have them now. Otherwise the device that comes home last would
 * take the route of the other one for a stranger's, and stay without its own beside it.
 * @param away the states of the devices that are lent
 */
export function withRoutesAway(
  state: HostNetworkState,
  away: HostNetworkState[],
): HostNetworkState {
  const own = toRestore(state.routes).filter((route) => !isStandIn(route))
  const places = new Set(own.map(placeOf))
  const inPlaces = (one: HostNetworkState) =>
    orderOf(one).filter((route) => places.has(placeOf(route)) && !isStandIn(route))
  const known = away.flatMap(inPlaces)
  if (known.length === 0) return state
  const ofOtherPlaces = (state.shared ?? []).filter((route) => !places.has(placeOf(route)))
  return { ...state, shared: [...ofOtherPlaces, ...eachOnce([...known, ...inPlaces(state)])] }
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
  const originals = new Map(
    standIns.map((one) => [one, known.find((route) => standsFor(one, route)) ?? one]),
  )
  const original = (route: Route) => originals.get(route) ?? route
  return { ...table, own: table.own.map(original), shared: table.shared.map(original) }
}

function eachOnce(routes: Route[]): Route[] {
  return [...new Map(routes.map((route) => [wholeOf(route), route])).values()]
}
