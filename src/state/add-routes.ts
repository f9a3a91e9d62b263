import type { KernelError } from '../kernel/kernel-error.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ROUTE_PROTOCOL } from '../kernel/netlink/constants.js'
import { lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Request } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { addPackedRoutes } from '../kernel/netlink/packed-routes.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import { type Addition, addAll, addMissing, type Refused } from './add-objects.js'
import { localKey, makesPrefixRoute, prefixKey, prefixKeys } from './connected-route.js'
import { addWithGateways } from './gateways-on-link.js'
import { groupBy } from './group-by.js'
import { isJoinable } from './hidden-routes.js'
import { renumbering } from './renumbering.js'
import { type Entry, entriesInto, type Surroundings } from './route-place.js'
import { isOnLink, partsOf, placeOf, wholeOf } from './routes.js'
import { routesInPlaces } from './taken-place.js'

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
  const left = addReachable(socket, device, additions, around, packed)
  if (!around) return left
  return addWithGateways(socket, left, () =>
    addAgain(socket, device, addAll(socket, left), left.length, around),
  )
}

/** Does the same, but not with gateways that are not on the link as the routes and rules are now. */
export function addReachable(
  socket: NetlinkSocket,
  device: Link,
  additions: Addition<Route>[],
  around?: () => Surroundings,
  packed: PackedRoutes[] = [],
): Refused<Route>[] {
  const addPacked = (some: PackedRoutes[]) =>
    some.flatMap((routes) => addPackedRoutes(socket, routes))
  const refused = [
    ...addPacked(packed.filter(({ like }) => isOnLink(like))),
    ...addAll(socket, additions),
    ...addPacked(packed.filter(({ like }) => !isOnLink(like))),
  ]
  // Of packed routes, some are nearly always added.
  const tried = packed.length > 0 ? Number.POSITIVE_INFINITY : additions.length
  return absentOf(socket, addAgain(socket, device, refused, tried, around))
}

/**
 * Adds refused routes, as long as a pass adds at least one.
 * @param tried how many the last pass tried
 * @returns what could not be added
 */
function addAgain(
  socket: NetlinkSocket,
  device: Link,
  refused: Refused<Route>[],
  tried: number,
  around: (() => Surroundings) | undefined,
): Refused<Route>[] {
  for (let [last, before] = [refused, tried]; ; ) {
    const left = last.length < before ? last : addBesideOthers(socket, device, last, around?.())
    if (left.length === 0 || left.length === before) return left
    before = left.length
    last = addAll(socket, left)
  }
}

/**
 * Those of refused routes that are not there: what a call added that was killed then, the kernel may
 * not take again, because of a later route for example.
 * @param where `device` is the index of the one through which all of them lead, if it is one
 */
export function absentOf<T extends { value: Route }>(
  socket: NetlinkSocket,
  refused: T[],
  where: { device?: number } = {},
): T[] {
  const values = refused.map(({ value }) => value)
  const destinations = values.map(({ destination }) => destination)
  const absent = new Set(lacking(values, wholeOf, foldRoutes(socket, { ...where, destinations })))
  return refused.filter(({ value }) => absent.has(value))
}

/**
 * Removes the prefix routes that the kernel made with the addresses just added, and the host did not
 * have: somebody deleted them there, a router also gives addresses of a prefix that is not on the link, and
 * a change of an address makes a route to the prefix of its peer.
 * @param hadRoutes the routes that the device had on the host
 */
export function removeUnwanted(
  socket: NetlinkSocket,
  { index }: Link,
  additions: Addition<Address>[],
  hadRoutes: Route[],
): void {
  const addresses = additions.map(({ value }) => value).filter(makesPrefixRoute)
  const had = new Set(hadRoutes.map(prefixKey))
  const unwanted = addresses.flatMap((address) =>
    // Without its local route, it is not known which routes the host had with the address.
    had.has(localKey(address)) ? prefixKeys(address).filter((key) => !had.has(key)) : [],
  )
  if (unwanted.length === 0) return
  const made = foldRoutes(socket, { device: index })(
    () => [] as Route[],
    (all, route) => {
      const isOfKernel = route.protocol === ROUTE_PROTOCOL.kernel
      if (isOfKernel && unwanted.includes(prefixKey(route))) all.push(route)
    },
  )
  socket.requestAll(made.map(routeRemoval))
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
  const meant = refused.filter(isMeant)
  if (meant.length === 0) return refused
  const there = routesInPlaces(
    socket,
    meant.map(({ value }) => value),
  )
  const orders = groupBy(around?.order ?? [], placeOf)
  const again = (value: Route) => socket.requestAll([newRouteRequest(value)])[0]
  const entries: Entry[] = []
  const left = refused.filter((one) => !isMeant(one))
  for (const [place, additions] of groupBy(meant, (one) => placeOf(one.value))) {
    const present = there.get(place) ?? []
    const order = orders.get(place) ?? []
    const asNow = renumbering(order, present, device)
    const entryOf = entriesInto(present, device, around && { ...around, order: order.map(asNow) })
    for (const addition of additions) {
      const value = asNow(addition.value)
      const outcome = isTaken(addition) || value === addition.value ? addition.error : again(value)
      if (!outcome) continue
      const entry = outcome.is('EEXIST') ? entryOf({ ...addition, value }) : undefined
      if (!entry) left.push(addition)
      else if (entry !== 'there') entries.push(entry)
    }
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

/** Adds routes beside others in their order, those that come first in reverse. */
function addEntries(socket: NetlinkSocket, entries: Entry[]): Refused<Route>[] {
  const sorted = entries.toSorted((one, other) => one.rank - other.rank)
  const first = sorted.filter(({ position }) => position === 'first').toReversed()
  const last = sorted.filter(({ position }) => position === 'last')
  // What joins a nexthop that is there is before what the kernel would not list behind that.
  const joining = last.filter(({ route }) => isJoinable(route))
  const others = last.filter(({ route }) => !isJoinable(route))
  const inOrder = [...first, ...joining, ...others]
  const obsolete = new Set(inOrder.flatMap((entry) => entry.obsolete))
  socket.requestAll([...obsolete].map(routeRemoval))
  const refused = send(socket, inOrder)
  // A nexthop that is there already may be one that the kernel would not take now.
  const again = refused.flatMap(({ whole, ...entry }) => (whole ? [entry] : []))
  giveOwnTimes(socket, inOrder)
  return [...refused.filter(({ whole }) => !whole), ...send(socket, again)].map(
    ({ addition, error }) => ({ ...addition, error }),
  )
}

/**
 * Gives IPv6 nexthops that were added with others the time that they have left themselves: the kernel
 * refuses a nexthop that is there, but takes over its time.
 */
function giveOwnTimes(socket: NetlinkSocket, entries: Entry[]): void {
  const different = entries.filter(
    ({ whole, route }) => whole && whole.expiresSeconds !== route.expiresSeconds,
  )
  const nexthops = different.flatMap(({ route }) => partsOf(route))
  socket.requestAll(nexthops.map((one) => newRouteRequest(one, 'last')))
}

type RefusedEntry = Entry & { error: KernelError }

/** @returns what the kernel refused */
function send(socket: NetlinkSocket, entries: Entry[]): RefusedEntry[] {
  const isMoving = ({ behind }: Entry) => behind.length > 0
  const refused = entries.filter(isMoving).flatMap((entry) => sendBefore(socket, entry))
  const others = entries.filter((entry) => !isMoving(entry))
  const outcomes = socket.requestAll(others.map(requestOf))
  return [...refused, ...others.flatMap((entry, n) => refusedEntry(entry, outcomes[n]))]
}

/**
 * Adds a route or nexthops, and puts behind them what is to be there, unless the kernel would not take
 * that again. It carries out a datagram as a whole: however the call ends, these routes are there.
 */
function sendBefore(socket: NetlinkSocket, entry: Entry): RefusedEntry[] {
  // The kernel looks at all of a route before it says that there is one already.
  const asked = socket.requestAll(entry.behind.map((value) => newRouteRequest(value)))
  const behind = asked.every((error) => error?.is('EEXIST')) ? entry.behind : []
  const back = behind.map((value) => ({ value, request: newRouteRequest(value, 'last') }))
  const outcomes = socket.requestAll([
    ...behind.map(routeRemoval),
    requestOf(entry),
    ...back.map(({ request }) => request),
  ])
  const missing = back.filter((_, n) => outcomes[back.length + 1 + n])
  const lost = addMissing(socket, missing).map((addition) => ({
    addition,
    route: addition.value,
    position: entry.position,
    rank: entry.rank,
    obsolete: [],
    behind: [],
    error: addition.error,
  }))
  return [...refusedEntry(entry, outcomes[back.length]), ...lost]
}

function requestOf({ whole, route, position }: Entry): Request {
  return whole ? newRouteRequest(whole, 'instead') : newRouteRequest(route, position)
}

function refusedEntry(entry: Entry, error?: KernelError): RefusedEntry[] {
  return error ? [{ ...entry, error }] : []
}
