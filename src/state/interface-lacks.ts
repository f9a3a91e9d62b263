import type { NetworkNamespace } from '../kernel/namespace.js'
import { foldAddresses } from '../kernel/netlink/address.js'
import { type Fold, lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { foldNeighbors } from '../kernel/netlink/neighbor.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { allRoutes, type StateToApply } from './carry.js'
import { describeAddress, describeNeighbor } from './describe.js'
import { keyOf } from './interface-additions.js'
import { partsOf, partsThrough, routeKey } from './routes.js'
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
