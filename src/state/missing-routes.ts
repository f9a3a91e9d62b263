import { addressBytes, addressText, canonicalPrefix } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import type { Assignment } from './assigned.js'
import { groupBy } from './group-by.js'
import { metricOf, partsOf, partsThrough, routeKey } from './routes.js'

type Reported = NonNullable<Assignment['routes']>

/**
 * Carried routes that are still reported, and are in no table, or of IPv6 not with all nexthops. A
 * result's routes are told apart by destination and gateway only: older runtimes keep no more of them,
 * and a plugin such as `sbr` moves a route to another table without a word in the result. Hence routes
 * are counted: of two with the same destination and gateway, in two tables, two have to be there.
 */
export function missingRoutes(
  { socket }: NetworkNamespace,
  device: Link,
  carried: Route[],
  { routes: reported = [] }: Assignment,
  elapsedSeconds: number,
): Route[] {
  if (carried.length === 0) return []
  const isValid = ({ expiresSeconds = Infinity }: Route) => expiresSeconds > elapsedSeconds
  const sought = soughtOf(carried, reported, isValid)
  const { present, found } = compareRoutes(socket, device, carried, sought)
  const missing = [...sought].flatMap(([path, { parts, count }]) => {
    const lacks = count - (found.get(path) ?? 0)
    if (lacks <= 0) return []
    return parts.filter(({ part }) => !present.has(routeKey(part))).slice(0, lacks)
  })
  return [...new Set(missing.map(({ route }) => route))]
}

/** What has to be there of one path: so many of these parts of routes. */
interface Sought {
  parts: { route: Route; part: Route }[]
  count: number
}

/**
 * By path. A result has the first nexthop of a route only. The others are sought where all of the
 * routes by that path are still reported: else nobody knows which of these is not.
 */
function soughtOf(
  carried: Route[],
  reported: Reported,
  isValid: (route: Route) => boolean,
): Map<string, Sought> {
  const carriedBy = groupBy(carried, pathOf)
  const listed = groupBy(
    reported.filter((route) => carriedBy.has(reportedPath(route))),
    reportedPath,
  )
  const sought = new Map<string, Sought>()
  const seek = (path: string, parts: Sought['parts'], count = parts.length) => {
    const before = sought.get(path)
    sought.set(path, {
      parts: before ? [...before.parts, ...parts] : parts,
      count: (before?.count ?? 0) + count,
    })
  }
  for (const [path, routes] of carriedBy) {
    const valid = routes.filter(isValid)
    const inResult = listed.get(path)?.length ?? 0
    const isComplete = inResult >= new Set(routes.map(listedOnce)).size
    const wanted = isComplete ? valid.length : Math.min(inResult, valid.length)
    const parts = valid.map((route) => partsOf(route).map((part) => ({ route, part })))
    seek(
      path,
      parts.flatMap(([first]) => first ?? []),
      wanted,
    )
    if (wanted < valid.length) continue
    for (const one of parts.flatMap(([, ...others]) => others)) seek(pathOf(one.part), [one])
  }
  return sought
}

/**
 * What a device has of the carried routes, each nexthop of IPv6 by itself, because the kernel may have
 * joined several of them into one route. Of no other route anything is kept.
 */
interface Comparison {
  /** Keys of carried parts that are there. */
  present: Set<string>
  /** How many parts are there for the path of a sought one. */
  found: Map<string, number>
}

function compareRoutes(
  socket: NetlinkSocket,
  { index }: Link,
  carried: Route[],
  sought: Map<string, Sought>,
): Comparison {
  const keys = new Set(carried.flatMap(partsOf).map(routeKey))
  const uncounted = new Set(carried.flatMap((route) => partsOf(route).slice(1)).map(routeKey))
  if (uncounted.size > 0)
    for (const { parts } of sought.values())
      for (const { part } of parts) uncounted.delete(routeKey(part))
  const carriedBy = groupBy(carried, pathOf)
  // A plugin may have moved a route to another table; in its own, one with another metric is not it.
  const isPossible = (part: Route, path: string) => {
    const inTable = carriedBy.get(path)?.filter(({ table }) => table === part.table) ?? []
    return inTable.length === 0 || inTable.some((one) => metricOf(one) === metricOf(part))
  }
  const wanted = { device: index, destinations: carried.map(({ destination }) => destination) }
  const begin = (): Comparison => ({ present: new Set(), found: new Map() })
  return foldRoutes(socket, wanted)(begin, ({ present, found }, route) => {
    if (route.table === TABLE.local) return
    for (const part of partsThrough(route, index)) {
      const key = routeKey(part)
      if (keys.has(key)) present.add(key)
      const path = pathOf(part)
      if (sought.has(path) && !uncounted.has(key) && isPossible(part, path))
        found.set(path, (found.get(path) ?? 0) + 1)
    }
  })
}

/** Routes with the same table and metric, to the same gateway, are listed once in a result. */
const listedOnce = ({ table, priority }: Route) => `${table} ${priority}`

/** A route's destination and gateway, as a result has them. */
export const pathOf = ({ destination, nexthops }: Route) =>
  `${destination} ${nexthops[0]?.gateway ?? ''}`

export function reportedPath({ dst, gw }: Reported[number]): string {
  return `${canonicalPrefix(dst)} ${gw === undefined ? '' : addressText(addressBytes(gw))}`
}
