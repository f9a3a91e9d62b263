import { canonicalPrefix } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { foldAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { foldRules } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { type Assignment, assignedState } from './assigned.js'
import { allRoutes, type StateToApply } from './carry.js'
import { describeAddress, describeRoute, describeRule } from './describe.js'
import { missingRoutes, pathOf, reportedPath } from './missing-routes.js'
import { aboutDevice } from './plan.js'
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

export const prefixOf = ({ local, prefixLength }: Address) => `${local}/${prefixLength}`
