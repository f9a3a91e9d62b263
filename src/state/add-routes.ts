import type { KernelError } from '../kernel/kernel-error.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { addPackedRoutes } from '../kernel/netlink/packed-routes.js'
import { newRouteRequest, type RoutePosition, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import { type Addition, addAll, type Refused } from './add-objects.js'
import { isConnectedRoute } from './connected-route.js'
import { groupBy } from './group-by.js'
import { renumbering } from './renumbering.js'
import { isOnLink, leadTheSameWay, nexthopKey, placeOf, wholeOf } from './routes.js'
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
 * @param packed more routes; of these, what the kernel refuses at first is tried again with the others
 */
export function addRoutes(
  socket: NetlinkSocket,
  device: Link,
  additions: Addition<Route>[],
  around?: () => Surroundings,
  packed: PackedRoutes[] = [],
): Refused<Route>[] {
  const addPacked = (some: PackedRoutes[]) =>
    some.flatMap((routes) => addPackedRoutes(socket, routes))
  let refused = [
    ...addPacked(packed.filter(({ like }) => isOnLink(like))),
    ...addAll(socket, additions),
    ...addPacked(packed.filter(({ like }) => !isOnLink(like))),
  ]
  // Of packed routes, some are nearly always added.
  let tried = packed.length > 0 ? Number.POSITIVE_INFINITY : additions.length
  for (;;) {
    const left =
      refused.length < tried ? refused : addBesideOthers(socket, device, refused, around?.())
    if (left.length === 0 || left.length === tried) return left
    tried = left.length
    refused = addAll(socket, left)
  }
}

/** How a route gets into a place where others are. */
interface Entry {
  addition: Refused<Route>
  /** The route, or those of its IPv6 nexthops that are missing there. */
  route: Route
  position: RoutePosition
  /** All that is to be there, if it has another order than the kernel would give it. */
  whole?: Route
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
  const isMeant = (one: Refused<Route>) =>
    isTaken(one) || (around !== undefined && needsOthers(one, device))
  if (!refused.some(isMeant)) return refused
  const destinations = refused.map(({ value }) => value.destination)
  const there = groupBy(dumpRoutes(socket, { destinations }), placeOf)
  const orders = groupBy(around?.order ?? [], placeOf)
  const again = (value: Route) => socket.requestAll([newRouteRequest(value)])[0]
  const entries: Entry[] = []
  const left: Refused<Route>[] = []
  for (const addition of refused) {
    const place = placeOf(addition.value)
    const present = isMeant(addition) ? (there.get(place) ?? []) : []
    const order = orders.get(place) ?? []
    const asNow = renumbering(order, present, device)
    const value = asNow(addition.value)
    const outcome = isTaken(addition) || value === addition.value ? addition.error : again(value)
    if (!outcome) continue
    const surroundings = around && { ...around, order: order.map(asNow) }
    const entry = outcome.is('EEXIST')
      ? entryOf({ ...addition, value }, present, device, surroundings)
      : undefined
    if (!entry) left.push(addition)
    else if (entry !== 'there') entries.push(entry)
  }
  return [...left, ...addEntries(socket, entries)]
}

/** Whether an IPv4 route is refused as a whole where another device of it is not there. */
function needsOthers({ value: { family, nexthops } }: Refused<Route>, { index }: Link): boolean {
  return family === 'inet' && nexthops.some(({ interfaceIndex }) => interfaceIndex !== index)
}

function isTaken({ error }: Refused<Route>): boolean {
  return error.is('EEXIST')
}

/**
 * Decides on one route.
 * @param present what is in its place
 * @param around what was there
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

  const { order } = around
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
  const own = missing.flatMap(({ nexthops }) => nexthops)
  const all = allInOrder(value, own, present, order)
  return {
    addition,
    route: { ...value, nexthops: own },
    position: isFirst ? 'first' : 'last',
    ...(all ? { whole: { ...value, nexthops: all } } : {}),
    rank,
    obsolete: present.filter(isObsolete),
  }
}

/**
 * All nexthops of an IPv6 multipath route, where the kernel would put the missing ones elsewhere than
 * they were: it adds them at the end, and chooses a nexthop for each flow by their order.
 * @param order what the host had in this place
 * @returns undefined if they belong at the end, or what is there is not the rest of that route
 */
function allInOrder(
  value: Route,
  missing: Nexthop[],
  present: Route[],
  order: Route[],
): Nexthop[] | undefined {
  if (value.family === 'inet') return undefined
  const [there, ...others] = present.filter((one) => !isOnLink(one))
  const withoutHops = (one: Route) => wholeOf({ ...one, nexthops: [] })
  if (!there || others.length > 0 || withoutHops(there) !== withoutHops(value)) return undefined
  if (there.expiresSeconds !== undefined || value.expiresSeconds !== undefined) return undefined
  const [whole] = order.toSorted((one, other) => other.nexthops.length - one.nexthops.length)
  const hops = whole?.nexthops ?? []
  const known = hops.map(nexthopKey)
  const rankOf = (hop: Nexthop) => known.indexOf(nexthopKey(hop))
  // The kernel does not report the weight of a single nexthop.
  const isAlone = there.nexthops.length === 1
  const staying = there.nexthops.map((hop) => (isAlone && hops[rankOf(hop)]) || hop)
  const joined = [...staying, ...missing]
  const sorted = joined.toSorted((one, other) => rankOf(one) - rankOf(other))
  const isMoved = sorted.some((hop, n) => hop !== joined[n])
  return isMoved && joined.every((hop) => rankOf(hop) >= 0) ? sorted : undefined
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
  const refused = send(socket, inOrder)
  // A nexthop that is there already may be one that the kernel would not take now.
  const again = refused.flatMap(({ whole, ...entry }) => (whole ? [entry] : []))
  return [...refused.filter(({ whole }) => !whole), ...send(socket, again)].map(
    ({ addition, error }) => ({ ...addition, error }),
  )
}

/** @returns what the kernel refused */
function send(socket: NetlinkSocket, entries: Entry[]): (Entry & { error: KernelError })[] {
  const outcomes = socket.requestAll(
    entries.map(({ whole, route, position }) =>
      whole ? newRouteRequest(whole, 'instead') : newRouteRequest(route, position),
    ),
  )
  return entries.flatMap((entry, n) => {
    const error = outcomes[n]
    return error ? [{ ...entry, error }] : []
  })
}
