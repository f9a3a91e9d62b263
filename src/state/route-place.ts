import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { RoutePosition } from '../kernel/netlink/route.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import type { Refused } from './add-objects.js'
import { isConnectedRoute } from './connected-route.js'
import { hiddenBetween, isJoinable, mayBeHidden } from './hidden-routes.js'
import { isOnLink, leadTheSameWay, nexthopKey, partsOf, ranksIn, wholeOf } from './routes.js'
import { isStandIn, originalsOf } from './stand-in.js'

/** What else may be in the places of the routes that are added. */
export interface Surroundings {
  /** All routes that the host had in these places, of other devices too, in the kernel's order. */
  order: Route[]
  /** The addresses of the device: the kernel makes routes with them. */
  addresses: Address[]
  /** Whether they are the host's again, which may have had more there than the kernel listed. */
  isHost: boolean
}

/** How a route gets into a place where others are. */
export interface Entry {
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
  /** What goes behind it: of IPv4 by its rank, of IPv6 what the kernel would not list between its nexthops. */
  behind: Route[]
}

/**
 * Tells how routes get into one place, where others are.
 * @param present what is there
 * @param around what was there
 * @returns decides on one route: undefined if something in the place is of somebody else
 */
export function entriesInto(
  present: Route[],
  device: Link,
  around: Surroundings | undefined,
): (addition: Refused<Route>) => Entry | 'there' | undefined {
  const isOwn = ({ nexthops }: Route) =>
    nexthops.length > 0 && nexthops.every((nexthop) => nexthop.interfaceIndex === device.index)
  if (around) {
    const place = surveyOf(present, isOwn, around)
    return (addition) => entryInto(place, addition)
  }
  return ({ value }) =>
    present.some((one) => isOwn(one) && leadTheSameWay(one, value)) ? 'there' : undefined
}

/** A place, as far as it decides how a route gets there. */
interface Place {
  present: Route[]
  around: Surroundings
  /** Whether a route leads through the device alone. */
  isOwn: (one: Route) => boolean
  /** Where a route was among those of the place; negative if it was not there. */
  rankOf: (one: Route) => number
  /** The ranks of what is there. */
  lowest: number
  highest: number
  /** What is there and stays, by `exactKey`. */
  staying: Set<string>
  /** What of that was not there before. */
  strangers: Route[]
  obsolete: Route[]
  /** What of IPv6 would be in no list behind one more nexthop. */
  hidden: Route[]
  /** What of IPv4 can be put behind another route. */
  movable: Route[]
}

function surveyOf(present: Route[], isOwn: Place['isOwn'], around: Surroundings): Place {
  const { order, addresses } = around
  const rankOf = ranksIn(order)
  const isKnown = (one: Route) => rankOf(one) >= 0
  const isObsolete = (one: Route) => !isKnown(one) && isOwn(one) && isConnectedRoute(one, addresses)
  const others = present.filter((one) => !isObsolete(one))
  const staying = others.filter((one) => !isStandIn(one) || isKnown(one)).flatMap(partsOf)
  const originals = originalsOf(present, order)
  const ranks = present.map((one) => rankOf(originals.get(one) ?? one)).filter((rank) => rank >= 0)
  return {
    present,
    around,
    isOwn,
    rankOf,
    lowest: ranks.reduce((one, other) => Math.min(one, other), Number.MAX_VALUE),
    highest: ranks.reduce((one, other) => Math.max(one, other), -1),
    staying: new Set(staying.map(exactKey)),
    strangers: strangersAmong(staying, around),
    obsolete: present.filter(isObsolete),
    hidden: hiddenBetween(others),
    movable: movableIn(present),
  }
}

function strangersAmong(staying: Route[], { order, isHost }: Surroundings): Route[] {
  const known = new Set(order.flatMap(partsOf).map(partKey))
  const wasHidden = (part: Route) => isHost && mayBeHidden(part, order)
  return staying.filter((part) => !known.has(partKey(part)) && !wasHidden(part))
}

function entryInto(place: Place, addition: Refused<Route>): Entry | 'there' | undefined {
  const { rankOf, lowest, highest, obsolete } = place
  const { value } = addition
  const missing = partsOf(value).filter((part) => !place.staying.has(exactKey(part)))
  // Of IPv6, even if strangers have joined it.
  if (missing.length === 0) return 'there'
  const isOfOurs = (part: Route) => place.isOwn(part) && leadTheSameWay(part, value)
  if (!place.strangers.every(isOfOurs)) return undefined
  const rank = rankOf(value)
  const isBefore = value.family === 'inet' && rank >= 0 && rank < highest
  const isFirst = isBefore && rank <= lowest
  const later = isBefore && !isFirst ? place.movable.filter((one) => rankOf(one) > rank) : []
  const nexthops = missing.flatMap((part) => part.nexthops)
  const whole = wholeInOrder(value, nexthops, place.present, place.around)
  return {
    addition,
    route: { ...value, nexthops },
    position: isFirst ? 'first' : 'last',
    ...(whole ? { whole } : {}),
    rank,
    obsolete,
    behind: isJoinable(value) ? place.hidden : later,
  }
}

/** So many IPv4 routes are put behind another one: they are in one datagram with it. */
const MOST_BEHIND = 16

/**
 * The IPv4 routes of a place that can be put behind another one. None if there are many, or if the
 * kernel, which compares the first nexthop, might remove another one.
 */
function movableIn(present: Route[]): Route[] {
  const originals = present.filter((one) => !isStandIn(one))
  if (originals.length > MOST_BEHIND) return []
  const first = new Set(originals.map(({ nexthops: [hop] }) => hop && nexthopKey(hop)))
  return first.size === originals.length ? originals : []
}

/**
 * An IPv6 multipath route with all its nexthops, where the kernel would put the missing ones elsewhere
 * than they were: it adds them at the end, and chooses a nexthop for each flow by their order. It has the
 * time left that those have which are there.
 * @param around with what the host had in this place
 * @returns undefined if they belong at the end, or what is there is not the rest of that route
 */
function wholeInOrder(
  value: Route,
  missing: Nexthop[],
  present: Route[],
  { order, isHost }: Surroundings,
): Route | undefined {
  if (value.family === 'inet') return undefined
  const [there, ...others] = present.filter((one) => !isOnLink(one))
  const withoutHops = (one: Route) => wholeOf({ ...one, nexthops: [] })
  if (!there || others.length > 0 || withoutHops(there) !== withoutHops(value)) return undefined
  // Of one that is there for ever the kernel makes none that expires.
  const [time, ownTime] = [there.expiresSeconds, value.expiresSeconds]
  if ((time === undefined) !== (ownTime === undefined) || time === 0) return undefined
  const [whole] = order.toSorted((one, other) => other.nexthops.length - one.nexthops.length)
  const hops = whole?.nexthops ?? []
  const known = hops.map(nexthopKey)
  const rankOf = (hop: Nexthop) => known.indexOf(nexthopKey(hop))
  // The kernel does not report the weight of a single nexthop: that of another plugin's is not known.
  const isAlone = there.nexthops.length === 1
  if (isAlone && !isHost) return undefined
  const weightOf = (hop: Nexthop) => (isAlone && hops[rankOf(hop)]?.weight) || hop.weight
  const staying = there.nexthops.map((hop) => ({ ...hop, weight: weightOf(hop) }))
  const joined = [...staying, ...missing]
  const sorted = joined.toSorted((one, other) => rankOf(one) - rankOf(other))
  const isMoved = sorted.some((hop, n) => hop !== joined[n])
  const isKnown = joined.every((hop) => rankOf(hop) >= 0)
  return isMoved && isKnown ? { ...there, nexthops: sorted } : undefined
}

/** Of IPv6, two routes in a place with the same nexthop cannot be. */
function partKey(part: Route): string {
  return part.family === 'inet' ? wholeOf(part) : part.nexthops.map(nexthopKey).join(' ')
}

/** One by a nexthop object can be beside one that leads the same way without. */
function exactKey(part: Route): string {
  return `${part.nexthopObject} ${partKey(part)}`
}
