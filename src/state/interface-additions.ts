import { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { foldAddresses } from '../kernel/netlink/address.js'
import { type Fold, lacking } from '../kernel/netlink/fold.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Request } from '../kernel/netlink/message.js'
import { foldNeighbors } from '../kernel/netlink/neighbor.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { allRoutes, type StateToApply } from './carry.js'
import { describeAddress, describeNeighbor, describeRoute } from './describe.js'
import { exactRemovals } from './exact-removal.js'
import { planState } from './plan.js'
import { removeAddresses } from './remove-addresses.js'
import { partsOf, partsThrough, routeKey, wholeOf } from './routes.js'
import type { InterfaceAdditions } from './schema.js'
import { through } from './through.js'

type InterfaceState = Pick<StateToApply, 'addresses' | 'routes' | 'neighbors'>

/**
 * Of a state to apply to an interface, what the interface does not have yet.
 * @param original the device as it was when the state was captured
 */
export function additionsTo(
  { socket }: NetworkNamespace,
  original: Pick<Link, 'index'>,
  link: Link,
  { addresses, routes, neighbors }: InterfaceState,
): InterfaceAdditions {
  const { index } = link
  return {
    index,
    // Without its label, which is not part of its identity.
    addresses: lacking(
      addresses.map(({ label, ...address }) => address),
      describeAddress,
      foldAddresses(socket, index),
    ),
    routes: lackingRoutes(
      routes.map((route) => through(original, link, route)),
      index,
      foldRoutes(socket, {
        device: index,
        destinations: routes.map(({ destination }) => destination),
      }),
    ),
    neighbors: lacking(neighbors, describeNeighbor, foldNeighbors(socket, index)),
  }
}

/** What tells a route of an interface from another: of IPv4 two may differ in anything. */
function keyOf(route: Route): string {
  return route.family === 'inet' ? wholeOf(route) : routeKey(route)
}

/**
 * Of IPv6 routes those nexthops that an interface does not have: what it has may be part of a route
 * with others.
 */
function lackingRoutes(wanted: Route[], index: number, fold: Fold<Route>): Route[] {
  const parts = wanted.map(partsOf)
  const there: Fold<Route> = (begin, take) =>
    fold(begin, (left, route) => {
      for (const part of partsThrough(route, index)) take(left, part)
    })
  const absent = new Set(lacking(parts.flat(), keyOf, there))
  return wanted.flatMap((route, n) => {
    const missing = parts[n]?.filter((part) => absent.has(part)) ?? []
    if (missing.length === 0) return []
    return { ...route, nexthops: missing.flatMap(({ nexthops }) => nexthops) }
  })
}

/** Both additions, each object once; the index is that of the second. */
export function joined(
  first: InterfaceAdditions | undefined,
  second: InterfaceAdditions,
): InterfaceAdditions {
  if (!first) return second
  const { index, addresses, routes, neighbors } = second
  return {
    index,
    addresses: union(first.addresses, addresses, describeAddress),
    routes: union(first.routes, routes, keyOf),
    neighbors: union(first.neighbors, neighbors, describeNeighbor),
  }
}

function union<T>(first: T[], second: T[], key: (value: T) => string): T[] {
  const keys = new Set(second.map(key))
  return [...first.filter((value) => !keys.has(key(value))), ...second]
}

/** Of additions, what is not of a carried state: IPAM's part. */
export function besides(
  carried: StateToApply,
  { addresses, routes }: InterfaceAdditions,
): Pick<InterfaceAdditions, 'addresses' | 'routes'> {
  const known = new Set(carried.addresses.map(describeAddress))
  const parts = new Set(allRoutes(carried).flatMap(partsOf).map(routeKey))
  return {
    addresses: addresses.filter((address) => !known.has(describeAddress(address))),
    routes: routes.filter((route) => !partsOf(route).every((part) => parts.has(routeKey(part)))),
  }
}

/**
 * Takes additions off an interface, and nothing else. What is already gone is not an error, not even the
 * interface: the plugin that made it may have removed it, or the device beneath it is gone.
 * @returns the routes that stay, for the kernel does not tell them from others there
 */
export function removeAdditions(sandbox: NetworkNamespace, added: InterfaceAdditions): string[] {
  try {
    return removeFromInterface(sandbox, added)
  } catch (error) {
    // The kernel refuses to list what an interface has that is not there.
    const isGone =
      error instanceof KernelError && error.is('ENODEV') && !findLink(sandbox.socket, added)
    if (isGone) return []
    throw error
  }
}

function removeFromInterface(sandbox: NetworkNamespace, added: InterfaceAdditions): string[] {
  const { socket } = sandbox
  const { index } = added
  const link = { index, name: '' }
  const { neighbors, addresses } = planState(link, link, {
    ...{ ...added, routes: [] },
    up: false,
    rules: [],
    sysctls: [],
  })
  const { requests, staying } = exactRemovals(socket, index, added.routes)
  socket.requestAll([...requests, ...neighbors.map(({ request }) => removalOf(request))])
  const removals = addresses.map(({ value, request }) => ({ value, request: removalOf(request) }))
  removeAddresses(sandbox, index, removals)
  if (staying.length === 0) return []
  const { name = `#${index}` } = findLink(socket, { index }) ?? {}
  return staying.map((route) => describeRoute(route, name))
}

/** The number of each RTM_DEL… follows that of its RTM_NEW…. The object must have all that it states. */
function removalOf({ type, header, attributes = [] }: Request): Request {
  return { type: type + 1, header, attributes }
}
