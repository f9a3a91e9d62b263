import { dumpAddresses } from '../kernel/netlink/address.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import type { Address } from '../kernel/objects/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { type Assignment, assignedState } from './assigned-state.js'
import type { StateToApply } from './carried.js'
import { describeAddress, describeRoute, describeRule } from './describe.js'
import { aboutDevice } from './plan.js'
import { routeKey } from './route-key.js'

/**
 * What a device should have been given but does not have, spelled as `ip` would:
 * addresses, routes (each in its own table) and rules. Neighbours come and go.
 * @param former the device as it was when the state was captured
 */
export function missingState(
  place: Place,
  former: Link,
  device: Link,
  state: StateToApply,
): string[] {
  const { socket } = place
  const routes = new Set(dumpRoutes(socket, device.index).map(routeKey))
  const rules = new Set(dumpRules(socket).map(describeRule))
  return [
    ...missingAddresses(place, device, state.addresses),
    ...state.routes
      .filter((route) => !routes.has(routeKey(route)))
      .map((route) => `route ${describeRoute(route, device.name)}`),
    ...state.rules
      .map((rule) => describeRule(aboutDevice(former, device, rule)))
      .filter((rule) => !rules.has(rule))
      .map((rule) => `rule ${rule}`),
  ]
}

/**
 * What was assigned to a device but is not there: addresses of the device, and
 * routes, which a later plugin may have put into any table.
 */
export function missingAssignment(place: Place, device: Link, assignment: Assignment): string[] {
  const assigned = assignedState(assignment, device)
  const destinations = new Set(dumpRoutes(place.socket).map(({ destination }) => destination))
  return [
    ...missingAddresses(place, device, assigned.addresses),
    ...assigned.routes
      .filter(({ destination }) => !destinations.has(destination))
      .map((route) => `route ${describeRoute(route, device.name)}`),
  ]
}

/** What is missing, each once, in words. */
export function asFaults(missing: string[]): string[] {
  return [...new Set(missing)].map((what) => `${what} is missing`)
}

function missingAddresses({ socket }: Place, device: Link, wanted: Address[]): string[] {
  const there = new Set(dumpAddresses(socket, device.index).map(describeAddress))
  return wanted
    .map(describeAddress)
    .filter((address) => !there.has(address))
    .map((address) => `address ${address}`)
}
