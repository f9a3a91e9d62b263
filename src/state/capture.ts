import { Failure } from '../failure.js'
import { usesStableSecret } from '../kernel/link-settings.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpNexthopObjects } from '../kernel/netlink/nexthop-object.js'
import { unpackRoutes } from '../kernel/netlink/packed-routes.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import { dumpRoutesAround, type RoutesAround } from '../kernel/netlink/routes-around.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import { readAllSysctls, readSysctl, STABLE_SECRET, type Sysctl } from '../kernel/sysctl.js'
import { tableOfDevice } from './connected-route.js'
import { isAbsent, leaveDependentRoutes } from './dependent-routes.js'
import {
  type CapturePolicy,
  reasonToLeaveAddress,
  reasonToLeaveDefaultRoute,
  reasonToLeaveNeighbor,
  reasonToLeaveRoute,
  reasonToLeaveRule,
} from './judge.js'
import { hasLinkLocal, mayPack } from './packed.js'
import { carried, type Reason, toRestore } from './reasons.js'
import { isOnLink, placeOf } from './routes.js'
import { withOriginals } from './routes-away.js'
import type { Captured, HostNetworkState, PackedState } from './schema.js'

/**
 * Reads a device's host state. Must run while the link is up: link down alone removes all gateway
 * routes and most IPv6 addresses. The thread must be in the host's namespace.
 * @param away the states of devices that are away; asked for where the host has something in the place
 *   of what left with one of them
 * @throws Failure `configuration-invalid` for a sysctl that cannot be read
 */
export function captureHostNetworkState(
  host: NetworkNamespace,
  device: Link,
  policy: CapturePolicy,
  away: () => HostNetworkState[] = () => [],
): PackedState {
  const { useInterfaceNetwork } = policy
  const allAddresses = dumpAddresses(host.socket, device.index)
  const addresses = judgeEach(allAddresses, useInterfaceNetwork, (address) =>
    reasonToLeaveAddress(address, policy),
  )
  const locals = allAddresses.map(({ local }) => local)
  const table = withOriginals(
    judgedApart(dumpRoutesAround(host.socket, device.index, locals, mayPack(locals)), addresses),
    away,
  )
  const ownTable = tableOfDevice(table.own)
  const judgedAlone = judgeEach(
    [...table.own, ...table.packed.map(({ like }) => like)],
    useInterfaceNetwork && policy.routes !== false,
    (route) =>
      reasonToLeaveRoute(route, allAddresses, ownTable) ?? reasonToLeaveDefaultRoute(route, policy),
  )
  const judged = leaveDependentRoutes(judgedAlone, addresses, device)
  const belongings = {
    deviceName: device.name,
    addresses: carried(addresses),
    routes: carried(judged),
  }
  const routes = judged.slice(0, table.own.length)
  return {
    addresses,
    routes,
    ...capturePacked(table, judged.slice(table.own.length)),
    ...captureShared(table, routes),
    ...captureNexthopObjects(host, device),
    rules: judgeEach(dumpRules(host.socket), useInterfaceNetwork && policy.rules, (rule) =>
      reasonToLeaveRule(rule, belongings),
    ),
    neighbors: judgeEach(dumpNeighbors(host.socket, device.index), useInterfaceNetwork, (one) =>
      reasonToLeaveNeighbor(one, policy),
    ),
    ...captureStableSecret(device),
    sysctls: useInterfaceNetwork ? captureSysctls(device.name, policy.sysctls) : [],
    ...adaptations(policy),
  }
}

/** What the carried objects are to differ in from those of the host. */
function adaptations({
  routeMetric,
  dynamicAddresses,
}: CapturePolicy): Pick<HostNetworkState, 'routeMetric' | 'keepsLifetimes'> {
  const keepsLifetimes =
    typeof dynamicAddresses === 'object' && dynamicAddresses.lifetime === 'remaining'
  return {
    ...(routeMetric === undefined ? {} : { routeMetric }),
    ...(keepsLifetimes ? { keepsLifetimes } : {}),
  }
}

/**
 * Judges all objects of one kind. If the configuration does not ask for the kind, that is the
 * reason for those without another.
 */
function judgeEach<T>(
  values: T[],
  asked: boolean,
  judge: (value: T) => Reason | undefined,
): Captured<T>[] {
  return values.map((value) => {
    const leftBehind = judge(value) ?? (asked ? undefined : 'not-asked-for')
    return leftBehind === undefined ? { value } : { value, leftBehind }
  })
}

/**
 * Packed routes of which some are judged by their destination: these are unpacked. Where an address is
 * left behind, that counts of routes on the link, by which others may be possible without it.
 */
function judgedApart(table: RoutesAround, addresses: Captured<Address>[]): RoutesAround {
  const lacksSome = addresses.some(isAbsent)
  const isApart = (packed: PackedRoutes) =>
    hasLinkLocal(packed) || (lacksSome && isOnLink(packed.like))
  const apart = table.packed.filter(isApart)
  if (apart.length === 0) return table
  return {
    ...table,
    own: [...table.own, ...apart.flatMap(unpackRoutes)],
    packed: table.packed.filter((packed) => !isApart(packed)),
  }
}

/** @param judged one of each packed routes: for the others, the reason is the same */
function capturePacked(
  { packed }: RoutesAround,
  judged: Captured<Route>[],
): Pick<PackedState, 'packed'> {
  if (packed.length === 0) return {}
  return { packed: packed.map((value, n) => ({ ...judged[n], value })) }
}

/**
 * The routes, in their order, of places where other devices have routes too, as far as the device
 * gets its routes there back.
 */
function captureShared(
  { own, bySource, shared: there }: RoutesAround,
  routes: Captured<Route>[],
): Pick<HostNetworkState, 'shared'> {
  if (there.length === 0) return {}
  const ours = new Set(own)
  const foreign = there.filter((route) => !ours.has(route))
  const destinations = new Set(foreign.map(({ destination }) => destination))
  const concerned = [...toRestore(routes), ...bySource]
    .filter(({ destination }) => destinations.has(destination))
    .map(placeOf)
  const places = new Set(foreign.map(placeOf))
  const contested = new Set(concerned.filter((place) => places.has(place)))
  const shared = there.filter((route) => contested.has(placeOf(route)))
  return shared.length === 0 ? {} : { shared }
}

/** Nexthop objects through the device, and groups of which one of them is a member. */
function captureNexthopObjects(
  { socket }: NetworkNamespace,
  device: Link,
): Pick<HostNetworkState, 'nexthopObjects'> {
  const all = dumpNexthopObjects(socket)
  const own = all.filter(({ nexthop }) => nexthop?.interfaceIndex === device.index)
  const ids = new Set(own.map(({ id }) => id))
  const groups = all.filter(({ members }) => members.some(({ id }) => ids.has(id)))
  return own.length === 0 ? {} : { nexthopObjects: [...own, ...groups] }
}

/** It is lost with each move, and without it the kernel refuses the mode that needs it. */
function captureStableSecret({
  name,
  settings = {},
}: Link): Pick<HostNetworkState, 'stableSecret'> {
  if (!usesStableSecret(settings)) return {}
  try {
    return { stableSecret: readSysctl(STABLE_SECRET, name).value }
  } catch {
    // The mode may also have been set without a secret of the device's own.
    return {}
  }
}

function captureSysctls(device: string, names: string[] | 'all'): Sysctl[] {
  if (names === 'all') return readAllSysctls(device)
  return names.map((name) => {
    try {
      return readSysctl(name, device)
    } catch (error) {
      throw new Failure(
        'configuration-invalid',
        `cannot read the sysctl ${name} of ${device}: ${(error as Error).message}`,
      )
    }
  })
}
