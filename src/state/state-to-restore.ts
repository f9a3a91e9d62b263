import { coversEverything, isLinkLocal } from '../kernel/ip-address.js'
import { heedsAdvertisements, metricOfRouter } from '../kernel/link-settings.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ROUTE_PROTOCOL } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { STABLE_SECRET } from '../kernel/sysctl.js'
import type { StateToApply } from './carry.js'
import { toRestore } from './reasons.js'
import { metricOf, nexthopKey, placeOf, ranksIn } from './routes.js'
import type { PackedState } from './schema.js'
import { foreignRoutes } from './stand-ins.js'

/**
 * The state to restore on the host: everything except what reappears by itself. Rules stayed on the
 * host.
 * @param elapsedSeconds time since the capture; expired addresses and routes are dropped
 */
export function stateToRestore(state: PackedState, device: Link, elapsedSeconds = 0): StateToApply {
  const left = (seconds: number) => seconds - elapsedSeconds
  const withWeight = weighted(state.shared)
  return {
    up: device.up,
    addresses: toRestore(state.addresses).flatMap(
      (address) => withTimeLeft(address, elapsedSeconds) ?? [],
    ),
    routes: [
      // Of an advertisement, one from an earlier return may be behind the kernel's own already.
      ...withoutRepeated(toRestore(state.routes).map((route) => behindAdvertised(route, device))),
      ...foreignRoutes(state, device),
    ].flatMap((captured) => {
      const route = withWeight(withOwnPart(captured, device))
      if (route.expiresSeconds === undefined) return route
      return left(route.expiresSeconds) <= 0
        ? []
        : { ...route, expiresSeconds: left(route.expiresSeconds) }
    }),
    packed: toRestore(state.packed ?? []),
    order: orderOf(state),
    isHost: true,
    ...(state.nexthopObjects ? { nexthopObjects: state.nexthopObjects } : {}),
    rules: [],
    neighbors: toRestore(state.neighbors),
    sysctls: [
      ...(state.stableSecret ? [{ name: STABLE_SECRET, value: state.stableSecret }] : []),
      ...state.sysctls,
    ],
  }
}

/** An address with the lifetime that it has left; undefined if it has expired. */
export function withTimeLeft(address: Address, elapsedSeconds: number): Address | undefined {
  const left = (seconds: number) => seconds - elapsedSeconds
  const { validSeconds, preferredSeconds } = address
  if (validSeconds !== undefined && left(validSeconds) <= 0) return undefined
  const preferred = preferredSeconds ?? validSeconds
  return {
    ...address,
    ...(validSeconds === undefined ? {} : { validSeconds: left(validSeconds) }),
    ...(preferred === undefined ? {} : { preferredSeconds: Math.max(0, left(preferred)) }),
  }
}

function withoutRepeated(routes: Route[]): Route[] {
  if (!routes.some(isAdvertised)) return routes
  const rankOf = ranksIn(routes)
  return routes.filter((route, n) => rankOf(route) === n)
}

/**
 * Puts a route of a router advertisement one metric behind the kernel's own. A route from netlink is
 * never the kernel's own: it would be in the way of that one, and the kernel then drops the rest of each
 * advertisement, which renews the addresses. The next advertisement brings the kernel's own route, and
 * this one expires.
 */
export function behindAdvertised(route: Route, { settings = {} }: Link): Route {
  if (!isAdvertised(route) || !heedsAdvertisements(settings)) return route
  const ofRouter = coversEverything(route.destination) ? metricOfRouter(settings) : undefined
  const ofKernel = ofRouter ?? metricOf({ family: 'inet6' })
  if (metricOf(route) !== ofKernel) return route
  return { ...route, priority: Math.min(ofKernel + 1, LAST_METRIC) }
}

/** The largest metric: 32 bits. */
const LAST_METRIC = 0xffffffff

/** Whether the kernel may have made a route with a router advertisement: a router has a link-local address. */
function isAdvertised({ family, protocol, nexthops: [hop] }: Route): boolean {
  return family === 'inet6' && protocol === ROUTE_PROTOCOL.ra && isLinkLocal(hop?.gateway ?? '')
}

/** The host kept the nexthops of an IPv6 route that are not the device's. */
function withOwnPart(route: Route, device: Link): Route {
  if (route.family === 'inet' || route.nexthopObject !== undefined) return route
  const own = route.nexthops.filter(({ interfaceIndex }) => interfaceIndex === device.index)
  return own.length === route.nexthops.length ? route : { ...route, nexthops: own }
}

/**
 * Gives a single nexthop of an IPv6 route its weight, which the kernel does not report, where the other
 * nexthops were away at the capture: their records have the whole route.
 */
function weighted(shared: Route[] = []): (route: Route) => Route {
  const keyOf = (route: Route, hop: Nexthop) => `${placeOf(route)} ${nexthopKey(hop)}`
  const known = new Map(
    shared
      .filter(({ family, nexthops }) => family === 'inet6' && nexthops.length > 1)
      .flatMap((route) => route.nexthops.map((hop) => [keyOf(route, hop), hop])),
  )
  return (route) => {
    const [alone, ...others] = route.nexthops
    if (known.size === 0 || !alone || others.length > 0) return route
    const hop = known.get(keyOf(route, alone))
    return hop ? { ...route, nexthops: [hop] } : route
  }
}

/** All routes in their places, in the kernel's order; without packed ones, which are alone there. */
export function orderOf({ routes, shared = [] }: PackedState): Route[] {
  const all = routes.map(({ value }) => value)
  if (shared.length === 0) return all
  const places = new Set(shared.map(placeOf))
  return [...all.filter((route) => !places.has(placeOf(route))), ...shared]
}
