import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import { type Assignment, assignedState } from './assigned.js'
import type { StateToApply } from './carry.js'
import { describeAddress, describeRoute, describeRule } from './describe.js'
import { aboutDevice } from './plan.js'
import { routeKey } from './routes.js'

/**
 * Missing parts of an applied state, in iproute2's notation: addresses, routes (in their table) and
 * rules. Neighbours are not checked: they change by themselves.
 * @param original the device as it was when the state was captured
 */
export function missingState(
  namespace: NetworkNamespace,
  original: Link,
  device: Link,
  state: StateToApply,
): string[] {
  const { socket } = namespace
  const routes = new Set(dumpRoutes(socket, device.index).map(routeKey))
  const rules = new Set(dumpRules(socket).map(describeRule))
  return [
    ...missingAddresses(namespace, device, state.addresses),
    ...state.routes
      .filter((route) => !routes.has(routeKey(route)))
      .map((route) => `route ${describeRoute(route, device.name)}`),
    ...state.rules
      .map((rule) => describeRule(aboutDevice(original, device, rule)))
      .filter((rule) => !rules.has(rule))
      .map((rule) => `rule ${rule}`),
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
  const assigned = assignedState(assignment, device)
  const destinations = new Set(dumpRoutes(namespace.socket).map(({ destination }) => destination))
  return [
    ...missingAddresses(namespace, device, assigned.addresses),
    ...assigned.routes
      .filter(({ destination }) => !destinations.has(destination))
      .map((route) => `route ${describeRoute(route, device.name)}`),
  ]
}

/** Sentences for missing parts, without duplicates. */
export function asFaults(missing: string[]): string[] {
  return [...new Set(missing)].map((what) => `${what} is missing`)
}

function missingAddresses({ socket }: NetworkNamespace, device: Link, wanted: Address[]): string[] {
  const there = new Set(dumpAddresses(socket, device.index).map(describeAddress))
  return wanted
    .map(describeAddress)
    .filter((address) => !there.has(address))
    .map((address) => `address ${address}`)
}
