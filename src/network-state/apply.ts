import { Failure } from '../failure.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { addAll, addMissing, type Refused } from './add-all.js'
import { addRoutes } from './add-routes.js'
import { enableIpv6, setSysctls } from './apply-sysctls.js'
import { describeAddress, describeNeighbor, describeRoute, describeRule } from './describe.js'
import type { StatePlan } from './plan.js'

/** Something the kernel would not set, spelled as `ip` would, and the kernel's words. */
export interface Refusal {
  what: string
  reason: string
}

/**
 * Gives a device its sysctls, brings it up, and gives it all the rest: the kernel
 * takes no route through a device that is down. What is there already counts as
 * added.
 * @param place where the device is
 * @param host where the thread is
 * @returns what the kernel refused, in the order it was tried
 */
export function tryToApply(place: Place, host: Place, device: Link, plan: StatePlan): Refusal[] {
  const { socket } = place
  const sysctls = setSysctls(place, host, device.name, plan.sysctls)
  if (plan.up && !device.up) changeLink(socket, device.index, { up: true })
  if (plan.addresses.some(({ value }) => value.family === 'inet6'))
    enableIpv6(place, host, device.name)
  const addresses = addMissing(socket, plan.addresses)
  socket.requestAll(plan.detection)
  // Before the routes: a gateway may be found only by a rule, in another table.
  const rules = addMissing(socket, plan.rules)
  const routes = addRoutes(socket, device, plan.routes)
  const neighbors = addAll(socket, plan.neighbors)
  return [
    ...sysctls.map(({ sysctl, reason }) => ({ what: `sysctl ${sysctl.name}`, reason })),
    ...refusals(addresses, (address) => `address ${describeAddress(address)}`),
    ...refusals(rules, (rule) => `rule ${describeRule(rule)}`),
    ...refusals(routes, (route) => `route ${describeRoute(route, device.name)}`),
    ...refusals(neighbors, (neighbor) => `neighbour ${describeNeighbor(neighbor)}`),
  ]
}

/**
 * Like `tryToApply`, all or nothing.
 * @throws Failure `kernel-refused` that names the first refusal
 */
export function applyState(place: Place, host: Place, device: Link, plan: StatePlan): void {
  const [first] = tryToApply(place, host, device, plan)
  if (!first) return
  throw new Failure(
    'kernel-refused',
    `cannot set ${first.what} of ${device.name} in ${place.name}: ${first.reason}`,
  )
}

function refusals<T>(refused: Refused<T>[], describe: (value: T) => string): Refusal[] {
  return refused.map(({ value, error }) => ({ what: describe(value), reason: error.message }))
}
