import { addressBytes, addressText, coversEverything, splitPrefix } from '../ip-address.js'
import { readU8 } from './bytes.js'
import type { Datagram, Request } from './message.js'
import { DESTINATION_START, decodeRoute, newRouteRequest } from './route.js'
import type { Glimpse } from './route-glimpse.js'
import type { Nexthop, Route } from './route-schema.js'

/** More kinds of routes than this are not remembered. */
const MOST_KINDS = 1000

/** In struct rtmsg, the fixed part of a message about a route. */
const DESTINATION_LENGTH_OFFSET = 1

/**
 * Decodes the routes of a table. In a large one, most routes differ in their destination only: what
 * they have in common is decoded once.
 */
export function routeDecoder() {
  const kinds = new Map<string, Route>()
  return (
    { bytes }: Datagram,
    start: number,
    end: number,
    { destinationStart, destinationEnd }: Glimpse,
  ): Route | undefined => {
    const decode = () => decodeRoute({ data: bytes.subarray(start, end) })
    if (destinationEnd === 0) return decode()
    const kind =
      bytes.toString('hex', start, destinationStart) + bytes.toString('hex', destinationEnd, end)
    const alike = kinds.get(kind)
    if (!alike) {
      const route = decode()
      if (route && kinds.size < MOST_KINDS) kinds.set(kind, route)
      return route
    }
    const address = addressText(bytes.subarray(destinationStart, destinationEnd))
    const length = readU8(bytes, start + DESTINATION_LENGTH_OFFSET)
    return { ...alike, destination: `${address}/${length}` }
  }
}

/**
 * Makes requests to add routes, like `newRouteRequest`. Of routes that differ in their destination
 * only, one is encoded and the others are copies with another destination.
 */
export function routeEncoder(): (route: Route) => Request {
  const models = new Map<string, { route: Route; request: Request }>()
  return (route) => {
    const gateway = route.nexthops[0]?.gateway ?? ''
    const model = models.get(gateway)
    if (!model || !areAlike(route, model.route)) {
      const request = newRouteRequest(route)
      if (models.size < MOST_KINDS) models.set(gateway, { route, request })
      return request
    }
    const { type, flags = 0 } = model.request
    const header = Buffer.from(model.request.header)
    header.set(addressBytes(splitPrefix(route.destination).address), DESTINATION_START)
    return { type, flags, header }
  }
}

/** Whether two routes differ in nothing but their destination, and that not in its length. */
function areAlike(one: Route, other: Route): boolean {
  return (
    one.family === other.family &&
    one.table === other.table &&
    one.priority === other.priority &&
    one.protocol === other.protocol &&
    one.scope === other.scope &&
    one.type === other.type &&
    one.typeOfService === other.typeOfService &&
    one.preferredSource === other.preferredSource &&
    one.source === other.source &&
    one.preference === other.preference &&
    one.expiresSeconds === other.expiresSeconds &&
    one.nexthopObject === other.nexthopObject &&
    one.metrics === other.metrics &&
    one.opaque === other.opaque &&
    areSame(one.nexthops, other.nexthops) &&
    haveSameLength(one.destination, other.destination)
  )
}

function areSame(some: Nexthop[], others: Nexthop[]): boolean {
  if (some === others) return true
  const [one, other] = [some[0], others[0]]
  return (
    some.length === 1 &&
    others.length === 1 &&
    one?.interfaceIndex === other?.interfaceIndex &&
    one?.gateway === other?.gateway &&
    one?.onlink === other?.onlink &&
    one?.weight === other?.weight &&
    one?.via === other?.via &&
    one?.opaque === other?.opaque
  )
}

/** A default route has no destination that could be replaced. */
function haveSameLength(one: string, other: string): boolean {
  const slash = one.lastIndexOf('/')
  return other.endsWith(one.slice(slash)) && !coversEverything(one)
}
