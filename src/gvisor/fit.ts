import { EVERYTHING, networkOf } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import {
  ADDRESS_FLAG,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  SCOPE,
  TABLE,
} from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { warnOfEach } from '../log.js'
import type { StateToApply } from '../state/carry.js'
import { describeAddress, describeRoute } from '../state/describe.js'
import { isDefaultRoute, metricOf } from '../state/routes.js'

/** Part of the state that is not applied, in the notation that CHECK uses, and why. */
export interface Omission {
  what: string
  why: string
}

/**
 * Reduces a state to what runsc accepts: no peer addresses, and in table main at most one default
 * route per family, with a gateway.
 * @param original the device whose index the routes use
 * @param name the device's name in the sandbox
 * @param taken families that already have a default route in the sandbox
 */
export function fitForGvisor<T extends Pick<StateToApply, 'addresses' | 'routes'>>(
  state: T,
  original: Pick<Link, 'index'>,
  name: string,
  taken: Family[],
): { state: T; omissions: Omission[] } {
  const omissions: Omission[] = []
  const { addresses, peerRoutes } = withoutPeers(state, original, omissions)
  const best = bestDefaults(state.routes, taken)
  const routes = state.routes.flatMap((route) => {
    if (!isDefaultRoute(route)) return [route]
    const gateway = route.nexthops.find(hasGateway)
    const isBest = best.includes(route)
    if (isBest && gateway && route.nexthops.length === 1) return [route]
    const why = gateway ? 'it takes one default route of a family' : NEEDS_GATEWAY
    omissions.push({ what: `route ${describeRoute(route, name)}`, why })
    return isBest && gateway ? [{ ...route, nexthops: [gateway] }] : []
  })
  return { state: { ...state, addresses, routes: [...peerRoutes, ...routes] }, omissions }
}

const NEEDS_GATEWAY = 'it takes no default route without a gateway'

const hasGateway = ({ gateway }: Nexthop) => gateway !== undefined

/** For each family, the default route with the lowest metric. */
function bestDefaults(routes: Route[], taken: Family[]): Route[] {
  const usable = routes.filter((route) => isDefaultRoute(route) && route.nexthops.some(hasGateway))
  return (['inet', 'inet6'] as const)
    .filter((family) => !taken.includes(family))
    .flatMap((family) => {
      const candidates = usable.filter((route) => route.family === family)
      return candidates.toSorted((a, b) => metricOf(a) - metricOf(b)).slice(0, 1)
    })
}

/** Replaces each peer address by the plain address and a route to the peer. */
function withoutPeers(
  { addresses }: Pick<StateToApply, 'addresses'>,
  original: Pick<Link, 'index'>,
  omissions: Omission[],
): { addresses: Address[]; peerRoutes: Route[] } {
  const peerRoutes: Route[] = []
  const alone = addresses.map((address) => {
    const { peer, ...rest } = address
    if (peer === undefined) return address
    omissions.push({ what: `address ${describeAddress(address)}`, why: 'it takes no peer' })
    if ((address.flags & ADDRESS_FLAG.noprefixroute) === 0)
      peerRoutes.push(routeToPeer(address, peer, original.index))
    return { ...rest, prefixLength: address.family === 'inet' ? 32 : 128 }
  })
  return { addresses: alone, peerRoutes }
}

/** The route that the kernel would have created for the peer. */
function routeToPeer({ family, prefixLength }: Address, peer: string, index: number): Route {
  return {
    family,
    destination: networkOf(peer, prefixLength),
    typeOfService: 0,
    table: TABLE.main,
    protocol: ROUTE_PROTOCOL.static,
    scope: family === 'inet' ? SCOPE.link : SCOPE.universe,
    type: ROUTE_TYPE.unicast,
    nexthops: [{ interfaceIndex: index, weight: 1 }],
  }
}

/**
 * Families that already have a default route in the sandbox.
 * @param own index of an interface whose routes are ignored
 */
export function familiesWithDefault(sandbox: NetworkNamespace, own: number | undefined): Family[] {
  return dumpRoutes(sandbox.socket, { destinations: EVERYTHING })
    .filter((route) => isDefaultRoute(route) && route.nexthops.length === 1)
    .filter(({ nexthops }) => nexthops[0]?.interfaceIndex !== own)
    .map(({ family }) => family)
}

/** Warns about addresses and routes of another plugin that may keep runsc from starting. */
export function warnOfObstacles(sandbox: NetworkNamespace, link: Link): void {
  const { socket } = sandbox
  const [addresses, routes] = [
    dumpAddresses(socket, link.index),
    dumpRoutes(socket, { device: link.index }),
  ]
  const taken = familiesWithDefault(sandbox, link.index)
  const { omissions } = fitForGvisor({ addresses, routes }, link, link.name, taken)
  warnOfEach(
    omissions.map(
      ({ what, why }) => `gVisor may refuse to start with ${what} of ${link.name}: ${why}`,
    ),
  )
}
