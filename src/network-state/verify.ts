import { dumpAddresses } from '../kernel/netlink/address.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
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
  const addresses = new Set(dumpAddresses(socket, device.index).map(describeAddress))
  const routes = new Set(dumpRoutes(socket, device.index).map(routeKey))
  const rules = new Set(dumpRules(socket).map(describeRule))
  return [
    ...state.addresses
      .map(describeAddress)
      .filter((address) => !addresses.has(address))
      .map((address) => `address ${address}`),
    ...state.routes
      .filter((route) => !routes.has(routeKey(route)))
      .map((route) => `route ${describeRoute(route, device.name)}`),
    ...state.rules
      .map((rule) => describeRule(aboutDevice(former, device, rule)))
      .filter((rule) => !rules.has(rule))
      .map((rule) => `rule ${rule}`),
  ]
}
