import { addressRequest, foldAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG, ROUTE_PROTOCOL, TABLE } from '../kernel/netlink/constants.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { requestLength } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { newRouteRequest } from '../kernel/netlink/route.js'
import { foldRoutes, withNexthops } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { isConnectedRoute, tableOfDevice } from './connected-route.js'
import { describeAddress } from './describe.js'
import { placeOf } from './routes.js'

/** What an interface may lose with its addresses. */
export interface Endangered {
  device: Link
  addresses: Address[]
  routes: Route[]
  /** How many addresses and routes more. */
  omitted: number
}

/** The IPv4 addresses of an interface. */
interface Inventory {
  removed: Address[]
  primary: Kept<Address>
  secondary: Kept<Address>
}

/**
 * @param removals the addresses that are removed
 * @returns undefined if nothing can be lost, as where a primary address stays, and no secondary one
 */
export function findEndangered(
  socket: NetlinkSocket,
  index: number,
  removals: Address[],
): Endangered | undefined {
  if (!removals.some(({ family }) => family === 'inet')) return undefined
  const { removed, primary, secondary } = inventory(socket, index, removals)
  const isSafe = primary.values.length > 0 && secondary.values.length === 0
  if (isSafe || removed.length === 0) return undefined
  const all = [...removed, ...primary.values, ...secondary.values]
  const routes = endangeredRoutes(socket, index, all)
  const isNothing = routes.values.length === 0 && secondary.values.length === 0
  const device = isNothing ? undefined : findLink(socket, { index })
  const omitted = routes.omitted + secondary.omitted
  return device && { device, addresses: secondary.values, routes: routes.values, omitted }
}

function inventory(socket: NetlinkSocket, index: number, removals: Address[]): Inventory {
  const texts = new Set(removals.map(describeAddress))
  const lengthOf = (address: Address) => requestLength(addressRequest(address, index, 'create'))
  return foldAddresses(socket, index)(
    (): Inventory => ({ removed: [], primary: noneKept(), secondary: noneKept() }),
    ({ removed, primary, secondary }, address) => {
      if (address.family !== 'inet') return
      if (texts.has(describeAddress(address))) removed.push(address)
      else keep(address.flags & ADDRESS_FLAG.secondary ? secondary : primary, address, lengthOf)
    },
  )
}

function endangeredRoutes(socket: NetlinkSocket, index: number, all: Address[]): Kept<Route> {
  const fold = foldRoutes(socket, { family: 'inet', device: index })
  const table = fold(
    () => ({ found: TABLE.main as number }),
    (result, route) => {
      if (result.found === TABLE.main) result.found = tableOfDevice([route])
    },
  )
  return fold(noneKept<Route>, (kept, route) => {
    const isEndangered =
      // These stay.
      route.nexthopObject === undefined &&
      !(route.protocol === ROUTE_PROTOCOL.kernel && route.table === TABLE.local) &&
      !isConnectedRoute(route, all, table.found)
    if (isEndangered) keep(kept, route, lengthOfRoute)
  })
}

/** The routes in the places of others, in the kernel's order. */
export function orderAround(socket: NetlinkSocket, routes: Route[]): Route[] {
  const places = new Set(routes.map(placeOf))
  const destinations = routes.map(({ destination }) => destination)
  const { values } = foldRoutes(socket, { destinations })(noneKept<Route>, (kept, route) => {
    if (places.has(placeOf(route))) keep(kept, route, lengthOfRoute)
  })
  return withNexthops(socket, values)
}

function lengthOfRoute(route: Route): number {
  return requestLength(newRouteRequest(route))
}

/** What is kept of a pod's objects, which may be very many. */
interface Kept<T> {
  values: T[]
  /** How many bytes of requests there is room for yet. */
  room: number
  /** How many objects had no room. */
  omitted: number
}

/** The room that requests of all that is kept take: with as many removals they fit one datagram. */
const MOST_BYTES = 48 * 1024

function noneKept<T>(): Kept<T> {
  return { values: [], room: MOST_BYTES, omitted: 0 }
}

/** @param bytes the length of the request that adds the object */
function keep<T>(kept: Kept<T>, value: T, bytes: (value: T) => number): void {
  // Once there is no room, none of the objects that come is looked at any more.
  if (kept.room > 0) kept.room -= bytes(value)
  if (kept.room > 0) kept.values.push(value)
  else kept.omitted++
}
