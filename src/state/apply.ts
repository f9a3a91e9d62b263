import { pause, timeLeft } from '../deadline.js'
import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { RouteSocket } from '../kernel/netlink/route-socket.js'
import { dumpRules, ruleKey, ruleRequest } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { addRoutes } from './add-routes.js'
import { type Addition, addAll, addMissing, type Refused } from './additions.js'
import { describeAddress, describeNeighbor, describeRoute, describeRule } from './describe.js'
import type { StatePlan } from './plan.js'
import { enableIpv6, setSysctls } from './sysctls.js'

/** Part of a state that the kernel refused: its text in iproute2's notation, and the error. */
export interface Refusal {
  what: string
  reason: string
}

/**
 * Sets sysctls, brings the device up, then adds addresses, rules, routes and neighbours: the kernel
 * refuses routes through a device that is down. Existing objects count as added.
 * @param namespace the device's namespace
 * @returns what the kernel refused, in the order it was tried
 */
export function tryToApply(namespace: NetworkNamespace, device: Link, plan: StatePlan): Refusal[] {
  const { socket } = namespace
  const sysctls = setSysctls(namespace, device.name, plan.sysctls)
  if (plan.up && !device.up) changeLink(socket, device.index, { up: true })
  if (plan.addresses.some(({ value }) => value.family === 'inet6'))
    enableIpv6(namespace, device.name)
  const addresses = addMissing(socket, plan.addresses)
  socket.requestAll(plan.detection)
  // Rules before routes: the route to a gateway may be in another table that only a rule selects.
  const rules = addRules(socket, plan.rules)
  const routes = addRoutes(socket, device, plan.routes, plan.around)
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
 * Like `tryToApply`, but fails if the kernel refuses anything.
 * @throws Failure `kernel-refused` that names the first refusal
 */
export function applyState(namespace: NetworkNamespace, device: Link, plan: StatePlan): void {
  const [first] = tryToApply(namespace, device, plan)
  if (!first) return
  throw new Failure(
    'kernel-refused',
    `cannot set ${first.what} of ${device.name} in ${namespace.name}: ${first.reason}`,
  )
}

const LONGEST_DETECTION_MILLISECONDS = 5000
const DETECTION_PAUSE_MILLISECONDS = 50

/**
 * Waits for duplicate address detection on a device, for five seconds at most: without a carrier it
 * never ends.
 * @throws Failure `kernel-refused` if an address is a duplicate
 */
export function settleAddresses({ socket }: NetworkNamespace, device: Link): void {
  const deadline = Date.now() + timeLeft(LONGEST_DETECTION_MILLISECONDS)
  for (;;) {
    const addresses = dumpAddresses(socket, device.index)
    const duplicate = addresses.find(({ flags }) => flags & ADDRESS_FLAG.dadfailed)
    if (duplicate)
      throw new Failure(
        'kernel-refused',
        `link ${device.name} has address ${describeAddress(duplicate)} in DADFAILED state: somebody else on the link has it`,
      )
    const unsettled = addresses.some(({ flags }) => flags & ADDRESS_FLAG.tentative)
    if (!unsettled || Date.now() > deadline) return
    pause(DETECTION_PAUSE_MILLISECONDS)
  }
}

/**
 * Adds rules. EEXIST counts as added only if the very same rule exists: the kernel also answers it
 * if there is one like it with a source or a destination besides.
 */
function addRules(socket: RouteSocket, additions: Addition<Rule>[]): Refused<Rule>[] {
  const refused = addAll(socket, additions)
  const isLike = ({ error }: Refused<Rule>) => error.is('EEXIST')
  if (!refused.some(isLike)) return refused
  const there = new Set(dumpRules(socket).map(ruleKey))
  const absent = refused.filter((one) => isLike(one) && !there.has(ruleKey(one.value)))
  const again = absent.map(({ value }) => ({ value, request: ruleRequest(value, 'duplicate') }))
  return [...refused.filter((one) => !isLike(one)), ...addAll(socket, again)]
}

function refusals<T>(refused: Refused<T>[], describe: (value: T) => string): Refusal[] {
  return refused.map(({ value, error }) => ({ what: describe(value), reason: error.message }))
}
