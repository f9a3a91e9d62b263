import { addressBytes, addressText, canonicalPrefix } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { type Assignment, assignedState } from './assigned.js'
import type { StateToApply } from './carry.js'
import { describeAddress, describeRoute, describeRule } from './describe.js'
import { aboutDevice } from './plan.js'
import { routeKey } from './routes.js'

/** A state that was applied, and when: in seconds since 1970. */
export interface AppliedState {
  state: StateToApply
  lentAt: number
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
  { state, lentAt }: AppliedState,
  reported: Assignment,
): string[] {
  const listed = new Set(reported.ips?.map(({ address }) => canonicalPrefix(address)))
  const addresses = state.addresses.filter((address) => listed.has(prefixOf(address)))
  const elapsed = Date.now() / 1000 - lentAt
  return [
    ...missingOf(addresses, describeAddress, dumpAddresses(namespace.socket, device.index)).map(
      (address) => `address ${address}`,
    ),
    ...missingRoutes(namespace, device, state.routes, reported, elapsed).map(
      (route) => `route ${describeRoute(route, device.name)}`,
    ),
    ...missingRules(namespace, original, device, state.rules).map((rule) => `rule ${rule}`),
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
  const { socket } = namespace
  const { addresses, routes } = assignedState(assignment, device)
  const there = addresses.length === 0 ? [] : dumpAddresses(socket, device.index)
  const leadTo = new Set(
    routes.length === 0 ? [] : dumpRoutes(socket).map(({ destination }) => destination),
  )
  return [
    ...missingOf(addresses, prefixOf, there).map((address) => `address ${address}`),
    ...routes
      .filter(({ destination }) => !leadTo.has(destination))
      .map((route) => `route ${describeRoute(route, device.name)}`),
  ]
}

/** The part of an assignment that is not in a carried state: IPAM's and other plugins' part. */
export function beyond({ ips = [], routes = [] }: Assignment, carried: StateToApply): Assignment {
  const addresses = new Set(carried.addresses.map(prefixOf))
  const paths = new Set(carried.routes.map(pathOf))
  return {
    ips: ips.filter(({ address }) => !addresses.has(canonicalPrefix(address))),
    routes: routes.filter((route) => !paths.has(reportedPath(route))),
  }
}

/** How many faults an error names. */
const MOST_FAULTS = 50

/** Sentences for missing parts, without duplicates, and not without end. */
export function asFaults(missing: string[]): string[] {
  const faults = [...new Set(missing)].map((what) => `${what} is missing`)
  const more = faults.length - MOST_FAULTS
  return more > 0 ? [...faults.slice(0, MOST_FAULTS), `and so are ${more} more`] : faults
}

/** The wanted objects, in words, of which none is there with the same words. */
function missingOf<T>(wanted: T[], words: (value: T) => string, there: T[]): string[] {
  const present = new Set(there.map(words))
  return wanted.map(words).filter((text) => !present.has(text))
}

function missingRules(
  { socket }: NetworkNamespace,
  original: Link,
  device: Link,
  rules: Rule[],
): string[] {
  if (rules.length === 0) return []
  const wanted = rules.map((rule) => aboutDevice(original, device, rule))
  return missingOf(wanted, describeRule, dumpRules(socket))
}

/**
 * Carried routes that are still reported, and are in no table. A result's routes are told apart by
 * destination and gateway only: older runtimes keep no more of them, and a plugin such as `sbr`
 * moves a route to another table without a word in the result. Hence routes are counted: of two
 * with the same destination and gateway, in two tables, two have to be there.
 */
function missingRoutes(
  { socket }: NetworkNamespace,
  device: Link,
  carried: Route[],
  { routes: reported = [] }: Assignment,
  elapsedSeconds: number,
): Route[] {
  if (carried.length === 0) return []
  const there = dumpRoutes(socket, device.index).filter(({ table }) => table !== TABLE.local)
  const present = new Set(there.map(routeKey))
  const found = groupBy(there, pathOf)
  const listed = groupBy(reported, reportedPath)
  return [...groupBy(carried, pathOf)].flatMap(([path, routes]) => {
    const valid = routes.filter(({ expiresSeconds = Infinity }) => expiresSeconds > elapsedSeconds)
    const inResult = listed.get(path)?.length ?? 0
    const isComplete = inResult >= new Set(routes.map(listedOnce)).size
    const wanted = isComplete ? valid.length : Math.min(inResult, valid.length)
    const lacking = Math.max(0, wanted - (found.get(path)?.length ?? 0))
    return valid.filter((route) => !present.has(routeKey(route))).slice(0, lacking)
  })
}

function groupBy<T>(values: T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const group = groups.get(key(value))
    if (group) group.push(value)
    else groups.set(key(value), [value])
  }
  return groups
}

/** Routes with the same table and metric, to the same gateway, are listed once in a result. */
const listedOnce = ({ table, priority }: Route) => `${table} ${priority}`

const prefixOf = ({ local, prefixLength }: Address) => `${local}/${prefixLength}`

/** A route's destination and gateway, as a result has them. */
const pathOf = ({ destination, nexthops }: Route) => `${destination} ${nexthops[0]?.gateway ?? ''}`

function reportedPath({ dst, gw }: NonNullable<Assignment['routes']>[number]): string {
  return `${canonicalPrefix(dst)} ${gw === undefined ? '' : addressText(addressBytes(gw))}`
}
