import { Failure } from '../failure.js'
import { hasIpv6 } from '../kernel/link-settings.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { newRouteRequest } from '../kernel/netlink/route.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { ruleRequest } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { valueOfSysctl } from '../kernel/sysctl.js'
import { type Addition, addAll, addMissing, type Refused } from './add-objects.js'
import { addRoutes, removeUnwanted } from './add-routes.js'
import { describeAddress, describeNeighbor, describeRule } from './describe.js'
import { type RefusedObject, restoreNexthopObjects } from './nexthop-objects.js'
import type { StatePlan } from './plan.js'
import { isFinal, type Refusal, refusal } from './refusal.js'
import { placeOf } from './routes.js'
import { absentRules } from './rules.js'
import { describeForeign } from './stand-ins.js'
import { enableIpv6, setSysctls } from './sysctls.js'
import { routesInPlacesOf } from './taken-place.js'

/** Errors of a write that may well succeed a moment later. */
const PASSING = ['EAGAIN', 'EBUSY', 'EINTR', 'EIO', 'ENOMEM']

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
  const { enablesIpv6 = true } = plan
  const needsIpv6 = enablesIpv6 && plan.addresses.some(({ value }) => value.family === 'inet6')
  if (needsIpv6 && !(plan.sysctls.length === 0 && hasIpv6(device.settings ?? {})))
    enableIpv6(namespace, device.name)
  const addresses = addAddresses(namespace, device, plan)
  if (plan.hadRoutes) removeUnwanted(socket, device, plan.addresses, plan.hadRoutes)
  // Rules before routes: the route to a gateway may be in another table that only a rule selects.
  const rules = addRules(socket, plan.rules)
  const { routes, objects } = addRoutesAndObjects(socket, device, plan)
  const neighbors = addAll(socket, plan.neighbors)
  const taken = routes.filter(({ error }) => error.is('EEXIST')).map(({ value }) => value)
  const inPlace = routesInPlacesOf(namespace, taken)
  return [
    ...sysctls.map(({ sysctl, error }) => ({
      what: `sysctl ${sysctl.name}`,
      reason: error.message,
      ...(PASSING.includes(error.code ?? '')
        ? { part: { kind: 'sysctl' as const, value: sysctl }, again: 'soon' as const }
        : {}),
    })),
    ...addresses.map(({ value, error }) =>
      refusal(`address ${describeAddress(value)}`, error, { kind: 'address', value }),
    ),
    ...rules.map(({ value, error }) => refusal(`rule ${describeRule(value)}`, error)),
    ...objects.map(({ object: { id }, error }) =>
      refusal(`nexthop object ${id}`, error, { kind: 'nexthop object', id }),
    ),
    ...routes.map((refused) => refusedRoute(namespace, device, refused, inPlace)),
    ...neighbors.map(({ value, error }) =>
      refusal(`neighbour ${describeNeighbor(value)}`, error, { kind: 'neighbour', value }),
    ),
  ]
}

/**
 * Adds addresses. The kernel turns temporary addresses off for good, by -1, where it is given one of
 * `mngtmpaddr` while the device has no carrier.
 */
function addAddresses(
  namespace: NetworkNamespace,
  device: Link,
  { addresses, detection }: StatePlan,
): Refused<Address>[] {
  const { socket } = namespace
  const add = () => {
    const refused = addMissing(socket, addresses)
    socket.requestAll(detection)
    return refused
  }
  const isManaged = ({ value }: Addition<Address>) => value.flags & ADDRESS_FLAG.managetempaddr
  if (!addresses.some(isManaged)) return add()
  // The answer waits until the kernel has seen a carrier that is there.
  findLink(socket, { index: device.index })
  const name = 'net.ipv6.conf.use_tempaddr'
  const value = namespace.run(() => valueOfSysctl(name, device.name))
  const refused = add()
  if (value !== undefined) setSysctls(namespace, device.name, [{ name, value }])
  return refused
}

/**
 * Adds routes and nexthop objects. The gateway of an object may be reachable only through a route,
 * and a route may be by an object. Those after one in its place come after it here, too. A route whose
 * object can never be there is added by what the object stands for; one of IPv6 also if its object
 * may come later.
 */
function addRoutesAndObjects(
  socket: NetlinkSocket,
  device: Link,
  { routes, packed, around, nexthopObjects, waitForCarrier = true }: StatePlan,
): { routes: Refused<Route>[]; objects: RefusedObject[] } {
  const { direct, later } = byObjects(routes)
  const refused = addRoutes(socket, device, direct, around, packed)
  if (nexthopObjects.length === 0 && later.length === 0) return { routes: refused, objects: [] }
  let objects = restoreNexthopObjects(socket, nexthopObjects, waitForCarrier)
  const others = later.filter((addition) => !isByObject(addition))
  if (objects.length > 0 && others.length > 0) {
    // One of these may be the way to the gateway of an object.
    addRoutes(socket, device, others, around)
    objects = restoreNexthopObjects(socket, nexthopObjects, false)
  }
  const away = new Map(objects.map(({ object, error }) => [object.id, isFinal(error)]))
  const additions = later.map((addition) => {
    const { nexthopObject, ...value } = addition.value
    if (nexthopObject === undefined) return addition
    const isAway = value.family === 'inet6' ? away.has(nexthopObject) : away.get(nexthopObject)
    return isAway ? { value, request: newRouteRequest(value) } : addition
  })
  return { routes: addRoutes(socket, device, [...refused, ...additions], around), objects }
}

/** Routes that can be added before the nexthop objects, and those by one or after one in its place. */
function byObjects(routes: Addition<Route>[]): Record<'direct' | 'later', Addition<Route>[]> {
  const direct: Addition<Route>[] = []
  const later: Addition<Route>[] = []
  const places = new Set<string>()
  for (const addition of routes) {
    if (isByObject(addition)) places.add(placeOf(addition.value))
    const isLater = places.size > 0 && places.has(placeOf(addition.value))
    if (isLater) later.push(addition)
    else direct.push(addition)
  }
  return { direct, later }
}

function isByObject({ value }: Addition<Route>): boolean {
  return value.nexthopObject !== undefined
}

/**
 * Like `tryToApply`, but fails if the kernel refuses anything.
 * @param advice what to do about a route whose place another one has
 * @throws Failure `kernel-refused` that names the first refusal
 */
export function applyState(
  namespace: NetworkNamespace,
  device: Link,
  plan: StatePlan,
  advice: (displaced: Route) => string = () => '',
): void {
  const [first] = tryToApply(namespace, device, plan)
  if (!first) return
  throw new Failure(
    'kernel-refused',
    `cannot set ${first.what} of ${device.name} in ${namespace.name}: ${first.reason}`,
    first.displaced ? advice(first.displaced) : '',
  )
}

/**
 * Adds rules. EEXIST counts as added only if the very same rule exists: the kernel also answers it
 * if there is one like it with a source or a destination besides.
 */
function addRules(socket: NetlinkSocket, additions: Addition<Rule>[]): Refused<Rule>[] {
  const refused = addAll(socket, additions)
  const isLike = ({ error }: Refused<Rule>) => error.is('EEXIST')
  if (!refused.some(isLike)) return refused
  const like = refused.filter(isLike).map(({ value }) => value)
  const absent = absentRules(socket, like)
  const again = absent.map((value) => ({ value, request: ruleRequest(value, 'duplicate') }))
  return [...refused.filter((one) => !isLike(one)), ...addAll(socket, again)]
}

/** @param inPlace the routes in the places of those that the kernel refused with EEXIST */
function refusedRoute(
  namespace: NetworkNamespace,
  device: Link,
  { value, error }: Refused<Route>,
  inPlace: Map<string, Route>,
): Refusal {
  const what = `route ${describeForeign(namespace, value, device)}`
  const other = error.is('EEXIST') ? inPlace.get(placeOf(value)) : undefined
  const refused = refusal(what, error, { kind: 'route', value })
  if (other === undefined) return refused
  const there = describeForeign(namespace, other, device)
  const reason = `${error.message}: in its place is the route ${there}`
  return { ...refused, reason, displaced: value }
}
