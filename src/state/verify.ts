import { addressBytes, addressText, canonicalPrefix } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { foldAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { TABLE } from '../kernel/netlink/constants.js'
import { lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { foldRules } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { type Assignment, assignedState } from './assigned.js'
import { allRoutes, type StateToApply } from './carry.js'
import { describeAddress, describeRoute, describeRule } from './describe.js'
import { groupBy } from './group-by.js'
import { aboutDevice } from './plan.js'
import { partsOf, partsThrough, routeKey } from './routes.js'
import { reportedBesides, routesToLookFor } from './verify-packed.js'

/** A state that was applied, and how long ago it was captured. */
export interface AppliedState {
  state: StateToApply
  elapsedSeconds: number
}

/**
 * Missing parts of an applied state, in iproute2's notation: addresses and routes that are still
 * reported, and rules, which no result can report. Neighbours are not checked: they change by
 * themselves. What a later plugin took out of the result is not missing.
 * @param original the device as it was when the state was captured
 * @param reported what prevResult has of the device now
 */
export function missingState(
  namespace: NetworkNamespace,
  original: Link,
  device: Link,
  { state, elapsedSeconds }: AppliedState,
  reported: Assignment,
): string[] {
  const listed = new Set(reported.ips?.map(({ address }) => canonicalPrefix(address)))
  const addresses = state.addresses.filter((address) => listed.has(prefixOf(address)))
  return [
    ...missingAddresses(namespace, device, addresses, describeAddress),
    ...missingRoutes(
      namespace,
      device,
      routesToLookFor(namespace, original, device, state),
      reported,
      elapsedSeconds,
    ).map((route) => `route ${describeRoute(route, device.name)}`),
    ...missingRules(namespace, original, device, state.rules),
  ]
}

/**
 * Missing parts of an assignment. Routes are looked for in every table and on every device, because
 * a later plugin may have moved them.
 */
export function missingAssignment(
  namespace: NetworkNamespace,
  device: Link,
  assignment: Assignment,
): string[] {
  const { addresses, routes } = assignedState(assignment, device)
  const destinationOf = ({ destination }: Route) => destination
  const missing = lacking(
    routes,
    destinationOf,
    foldRoutes(namespace.socket, { destinations: routes.map(destinationOf) }),
  )
  return [
    ...missingAddresses(namespace, device, addresses, prefixOf),
    ...missing.map((route) => `route ${describeRoute(route, device.name)}`),
  ]
}

/** The part of an assignment that is not in a carried state: IPAM's and other plugins' part. */
export function beyond({ ips = [], routes = [] }: Assignment, carried: StateToApply): Assignment {
  const addresses = new Set(carried.addresses.map(prefixOf))
  const besides = reportedBesides(carried.packed ?? [], routes)
  const paths = new Set((besides.length > 0 ? allRoutes(carried) : []).map(pathOf))
  return {
    ips: ips.filter(({ address }) => !addresses.has(canonicalPrefix(address))),
    routes: besides.filter((route) => !paths.has(reportedPath(route))),
  }
}

/** Sentences for missing parts, without duplicates. */
export function asFaults(missing: string[]): string[] {
  return [...new Set(missing)].map((what) => `${what} is missing`)
}

function missingAddresses(
  { socket }: NetworkNamespace,
  { index }: Link,
  wanted: Address[],
  words: (address: Address) => string,
): string[] {
  return lacking(wanted, words, foldAddresses(socket, index)).map(
    (address) => `address ${words(address)}`,
  )
}

function missingRules(
  { socket }: NetworkNamespace,
  original: Link,
  device: Link,
  rules: Rule[],
): string[] {
  const wanted = rules.map((rule) => aboutDevice(original, device, rule))
  return lacking(wanted, describeRule, foldRules(socket)).map(
    (rule) => `rule ${describeRule(rule)}`,
  )
}

/**
 * Carried routes that are still reported, and are in no table. A result's routes are told apart by
 * destination and gateway only: older runtimes keep no more of them, and a plugin such as `sbr`
 * moves a route to another table without a word in the result. Hence routes are counted: of two
 * with the same destination and gateway, in two tables, two have to be there.
 */
export function missingRoutes(
  { socket }: NetworkNamespace,
  device: Link,
  carried: Route[],
  { routes: reported = [] }: Assignment,
  elapsedSeconds: number,
): Route[] {
  if (carried.length === 0) return []
  const { present, found } = compareRoutes(socket, device, carried)
  const carriedBy = groupBy(carried, pathOf)
  const listed = groupBy(
    reported.filter((route) => carriedBy.has(reportedPath(route))),
    reportedPath,
  )
  return [...carriedBy].flatMap(([path, routes]) => {
    const valid = routes.filter(({ expiresSeconds = Infinity }) => expiresSeconds > elapsedSeconds)
    const inResult = listed.get(path)?.length ?? 0
    const isComplete = inResult >= new Set(routes.map(listedOnce)).size
    const wanted = isComplete ? valid.length : Math.min(inResult, valid.length)
    const lacks = Math.max(0, wanted - (found.get(path) ?? 0))
    if (lacks === 0) return []
    const isPresent = (route: Route) => partsOf(route).every((part) => present.has(routeKey(part)))
    return valid.filter((route) => !isPresent(route)).slice(0, lacks)
  })
}

/**
 * What a device has of the carried routes, each nexthop of IPv6 by itself, because the kernel may have
 * joined several of them into one route. Of no other route anything is kept.
 */
interface Comparison {
  /** Keys of carried parts that are there. */
  present: Set<string>
  /** How many parts are there for the path of a carried route. */
  found: Map<string, number>
}

function compareRoutes(socket: NetlinkSocket, { index }: Link, carried: Route[]): Comparison {
  const keys = new Set(carried.flatMap(partsOf).map(routeKey))
  // A route is listed and counted by its first nexthop.
  const uncounted = new Set(carried.flatMap((route) => partsOf(route).slice(1)).map(routeKey))
  const paths = new Set(carried.map(pathOf))
  const wanted = { device: index, destinations: carried.map(({ destination }) => destination) }
  const begin = (): Comparison => ({ present: new Set(), found: new Map() })
  return foldRoutes(socket, wanted)(begin, ({ present, found }, route) => {
    if (route.table === TABLE.local) return
    for (const part of partsThrough(route, index)) {
      const key = routeKey(part)
      if (keys.has(key)) present.add(key)
      const path = pathOf(part)
      if (paths.has(path) && !uncounted.has(key)) found.set(path, (found.get(path) ?? 0) + 1)
    }
  })
}

/** Routes with the same table and metric, to the same gateway, are listed once in a result. */
const listedOnce = ({ table, priority }: Route) => `${table} ${priority}`

export const prefixOf = ({ local, prefixLength }: Address) => `${local}/${prefixLength}`

/** A route's destination and gateway, as a result has them. */
const pathOf = ({ destination, nexthops }: Route) => `${destination} ${nexthops[0]?.gateway ?? ''}`

function reportedPath({ dst, gw }: NonNullable<Assignment['routes']>[number]): string {
  return `${canonicalPrefix(dst)} ${gw === undefined ? '' : addressText(addressBytes(gw))}`
}
