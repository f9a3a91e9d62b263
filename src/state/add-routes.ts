import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { newRouteRequest, type RoutePosition, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { type Addition, addAll, type Refused } from './add-objects.js'
import { isConnectedRoute } from './connected-route.js'
import { groupBy } from './group-by.js'
import { leadTheSameWay, nexthopKey, placeOf, wholeOf } from './routes.js'
import { isStandIn, standsFor } from './stand-in.js'

/** What else may be in the places of the routes that are added. */
export interface Surroundings {
  /** All routes that the host had in these places, of other devices too, in the kernel's order. */
  order: Route[]
  /** The addresses of the device: the kernel makes routes with them. */
  addresses: Address[]
}

/**
 * Adds routes through a device. Retries refused routes as long as a pass adds at least one: a
 * gateway may be reachable only through a route later in the list. A route whose place is taken is
 * added beside the others there if the host had them together, too.
 * @param around if absent, no route shares a place, and one that leads the same way counts as added
 */
export function addRoutes(
  socket: NetlinkSocket,
  device: Link,
  additions: Addition<Route>[],
  around?: () => Surroundings,
): Refused<Route>[] {
  let pending = additions
  for (;;) {
    const refused = addAll(socket, pending)
    const left =
      refused.length < pending.length
        ? refused
        : addBesideOthers(socket, device, refused, around?.())
    if (left.length === 0 || left.length === pending.length) return left
    pending = left
  }
}

/** How a route gets into a place where others are. */
interface Entry {
  addition: Refused<Route>
  /** The route, or those of its IPv6 nexthops that are missing there. */
  route: Route
  position: RoutePosition
  /** Where it was among the routes of its place. */
  rank: number
  /** What the kernel made there and the host did not have. */
  obsolete: Route[]
}

/** @returns what could not be added */
function addBesideOthers(
  socket: NetlinkSocket,
  device: Link,
  refused: Refused<Route>[],
  around: Surroundings | undefined,
): Refused<Route>[] {
  if (!refused.some(isTaken)) return refused
  const destinations = refused.map(({ value }) => value.destination)
  const there = groupBy(dumpRoutes(socket, { destinations }), placeOf)
  const entries: Entry[] = []
  const left: Refused<Route>[] = []
  for (const addition of refused) {
    const present = isTaken(addition) ? (there.get(placeOf(addition.value)) ?? []) : undefined
    const entry = present && entryOf(addition, present, device, around)
    if (!entry) left.push(addition)
    else if (entry !== 'there') entries.push(entry)
  }
  return [...left, ...addEntries(socket, entries)]
}

function isTaken({ error }: Refused<Route>): boolean {
  return error.is('EEXIST')
}

/**
 * Decides on one route.
 * @param present what is in its place
 * @returns undefined if something in its place is of somebody else
 */
function entryOf(
  addition: Refused<Route>,
  present: Route[],
  device: Link,
  around: Surroundings | undefined,
): Entry | 'there' | undefined {
  const { value } = addition
  const isOwn = ({ nexthops }: Route) =>
    nexthops.length > 0 && nexthops.every((nexthop) => nexthop.interfaceIndex === device.index)
  if (!around)
    return present.some((one) => isOwn(one) && leadTheSameWay(one, value)) ? 'there' : undefined

  const order = around.order.filter((one) => placeOf(one) === placeOf(value))
  const known = new Set(order.map(wholeOf))
  const isObsolete = (one: Route) =>
    !known.has(wholeOf(one)) && isOwn(one) && isConnectedRoute(one, around.addresses)
  const staying = present
    .filter((one) => !isObsolete(one) && (!isStandIn(one) || known.has(wholeOf(one))))
    .flatMap(partsOf)
  const knownParts = new Set(order.flatMap(partsOf).map(partKey))
  const isStranger = (part: Route) =>
    !knownParts.has(partKey(part)) && !(isOwn(part) && leadTheSameWay(part, value))
  if (staying.some(isStranger)) return undefined

  const thereAlready = new Set(staying.map(partKey))
  const missing = partsOf(value).filter((part) => !thereAlready.has(partKey(part)))
  if (missing.length === 0) return 'there'
  const original = (one: Route) => order.find((other) => standsFor(one, other)) ?? one
  const rank = rankIn(order, value)
  const ranks = present
    .map((one) => rankIn(order, original(one)))
    .filter((other) => other >= 0 && other !== rank)
  const isFirst = ranks.length > 0 && ranks.every((other) => other > rank)
  return {
    addition,
    route: { ...value, nexthops: missing.flatMap(({ nexthops }) => nexthops) },
    position: isFirst ? 'first' : 'last',
    rank,
    obsolete: present.filter(isObsolete),
  }
}

/** The kernel keeps each nexthop of an IPv6 route as a route of its own. */
function partsOf(route: Route): Route[] {
  if (route.family === 'inet' || route.nexthops.length < 2) return [route]
  return route.nexthops.map((nexthop) => ({ ...route, nexthops: [nexthop] }))
}

/** Of IPv6, two routes in a place with the same nexthop cannot be. */
function partKey(part: Route): string {
  return part.family === 'inet' ? wholeOf(part) : part.nexthops.map(nexthopKey).join(' ')
}

function rankIn(order: Route[], route: Route): number {
  const whole = wholeOf(route)
  return order.findIndex((one) => wholeOf(one) === whole)
}

/** Adds routes beside others in their order, those that come first in reverse. */
function addEntries(socket: NetlinkSocket, entries: Entry[]): Refused<Route>[] {
  const sorted = entries.toSorted((one, other) => one.rank - other.rank)
  const first = sorted.filter(({ position }) => position === 'first').toReversed()
  const inOrder = [...first, ...sorted.filter(({ position }) => position !== 'first')]
  socket.requestAll(inOrder.flatMap(({ obsolete }) => obsolete).map(routeRemoval))
  const outcomes = socket.requestAll(
    inOrder.map(({ route, position }) => newRouteRequest(route, position)),
  )
  return inOrder.flatMap(({ addition }, n) => {
    const error = outcomes[n]
    return error ? [{ ...addition, error }] : []
  })
}
