import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { warnOfEach } from '../log.js'
import { describeRoute, type NameOf } from './describe.js'
import { placeOf, wholeOf } from './routes.js'
import type { HostNetworkState } from './schema.js'

/**
 * A route that the kernel takes from the host with a device, although it leads (also) through
 * others, and what the host gets in its place: the same without the device's nexthops, and without
 * the device's addresses as its source.
 */
export interface StandIn {
  route: Route
  standIn: Route
}

/**
 * The protocol of a stand-in (`proto 76` in iproute2). It keeps the removal of a stand-in from
 * removing another route: the kernel compares the protocol always, but a source and metrics only if
 * the request names them.
 */
const STAND_IN_PROTOCOL = 76

/** Whether a route is a stand-in, of whatever device. */
export function isStandIn({ protocol }: Route): boolean {
  return protocol === STAND_IN_PROTOCOL
}

/**
 * The stand-ins for a device. Only for IPv4: of an IPv6 route the kernel takes the nexthops that are
 * the device's, and of a nexthop group those members.
 */
export function standInsFor(state: HostNetworkState, device: Link): StandIn[] {
  const { shared = [] } = state
  const locals = state.addresses.map(({ value }) => value.local)
  const known = new Set(shared.map(wholeOf))
  const routes = [...state.routes.map(({ value }) => value), ...foreignRoutes(state, device)]
  const mayLose = ({ family, nexthops, preferredSource }: Route) =>
    family === 'inet' && (nexthops.length > 1 || preferredSource !== undefined)
  return routes.filter(mayLose).flatMap((route) => {
    const standIn = standInFor(route, device, locals)
    return standIn && !known.has(wholeOf(standIn)) ? [{ route, standIn }] : []
  })
}

/** The routes of other devices that the kernel takes with this one. */
export function foreignRoutes({ shared = [], addresses }: HostNetworkState, device: Link): Route[] {
  const locals = addresses.map(({ value }) => value.local)
  return shared.filter(
    ({ family, nexthops, preferredSource }) =>
      family === 'inet' &&
      preferredSource !== undefined &&
      locals.includes(preferredSource) &&
      nexthops.every(({ interfaceIndex }) => interfaceIndex !== device.index),
  )
}

function standInFor(route: Route, device: Link, locals: string[]): Route | undefined {
  const nexthops = route.nexthops.filter(({ interfaceIndex }) => interfaceIndex !== device.index)
  const losesHops = route.nexthopObject === undefined && nexthops.length < route.nexthops.length
  const { preferredSource, ...rest } = route
  const losesSource = preferredSource !== undefined && locals.includes(preferredSource)
  if (nexthops.length === 0 || !(losesHops || losesSource)) return undefined
  const standIn = losesSource ? rest : route
  return { ...standIn, nexthops: alone(nexthops), protocol: STAND_IN_PROTOCOL }
}

/**
 * What the host gets of a route while this device is home and its other devices are away: the part
 * through this device. A route by a nexthop object that cannot be there yet gets the same.
 */
export function ownPartsFor(state: HostNetworkState, device: Link): StandIn[] {
  return state.routes.flatMap(({ value: route }) => {
    const { nexthopObject, ...plain } = route
    const own = route.nexthops.filter(({ interfaceIndex }) => interfaceIndex === device.index)
    const isWhole = own.length === route.nexthops.length && nexthopObject === undefined
    if (route.family !== 'inet' || own.length === 0 || isWhole) return []
    return [{ route, standIn: { ...plain, nexthops: alone(own), protocol: STAND_IN_PROTOCOL } }]
  })
}

/** The kernel does not report the weight of a single nexthop. */
function alone(nexthops: Nexthop[]): Nexthop[] {
  return nexthops.length === 1 ? nexthops.map((one) => ({ ...one, weight: 1 })) : nexthops
}

/**
 * Gives the host its stand-ins before the device leaves, so that there is no moment without a
 * route.
 */
export function addStandIns({ socket }: NetworkNamespace, state: HostNetworkState, device: Link) {
  const standIns = standInsFor(state, device)
  if (standIns.length === 0) return
  const leaving = new Set(standIns.map(({ route }) => wholeOf(route)))
  const stays = (route: Route) =>
    !leaving.has(wholeOf(route)) &&
    route.nexthops.some(({ interfaceIndex }) => interfaceIndex !== device.index)
  const { shared = [] } = state
  const isBefore = ({ route }: StandIn) => {
    const place = shared.filter((one) => placeOf(one) === placeOf(route))
    const rank = place.findIndex((one) => wholeOf(one) === wholeOf(route))
    return place.slice(rank + 1).some(stays)
  }
  const first = standIns.filter(isBefore).toReversed()
  const last = standIns.filter((one) => !isBefore(one))
  socket.requestAll([
    ...first.map(({ standIn }) => newRouteRequest(standIn, 'first')),
    ...last.map(({ standIn }) => newRouteRequest(standIn, 'last')),
  ])
}

/**
 * Removes stand-ins whose routes the host has.
 * @returns the routes of which the host has neither, and those with a stand-in
 */
export function removeStandIns(
  { socket }: NetworkNamespace,
  state: HostNetworkState,
  device: Link,
): { lost: Route[]; replaced: StandIn[] } {
  const standIns = standInsFor(state, device)
  const ownParts = ownPartsFor(state, device)
  if (standIns.length + ownParts.length === 0) return { lost: [], replaced: [] }
  const destinations = [
    ...standIns.map(({ route }) => route.destination),
    ...ownParts.map(({ route }) => route.destination),
  ]
  const there = new Set(dumpRoutes(socket, { destinations }).map(wholeOf))
  const isHome = ({ route }: StandIn) => there.has(wholeOf(route))
  const stands = ({ standIn }: StandIn) => there.has(wholeOf(standIn))
  socket.requestAll(
    [...standIns, ...ownParts]
      .filter((one) => isHome(one) && stands(one))
      .map(({ standIn }) => routeRemoval(standIn)),
  )
  const away = standIns.filter((one) => !isHome(one))
  return {
    lost: away.filter((one) => !stands(one)).map(({ route }) => route),
    replaced: away.filter(stands),
  }
}

/** Once the device has left: warns of what the host has lost with it. */
export function warnOfLostRoutes(
  host: NetworkNamespace,
  state: HostNetworkState,
  device: Link,
): void {
  const { lost, replaced } = removeStandIns(host, state, device)
  const named = (route: Route) => describeForeign(host, route, device)
  warnOfEach(lost.map((route) => `with ${device.name} the host has lost the route ${named(route)}`))
  warnOfSources(host, replaced, device)
}

/** Warns of routes that the host has without their source while the device is away. */
export function warnOfSources(host: NetworkNamespace, standIns: StandIn[], device: Link): void {
  const sourceless = standIns.filter(
    ({ route, standIn }) => route.preferredSource !== standIn.preferredSource,
  )
  warnOfEach(
    sourceless.map(({ route }) => {
      const named = describeForeign(host, route, device)
      return `while ${device.name} is away, the host has the route ${named} without its source ${route.preferredSource}`
    }),
  )
}

/** A route of the host's that may lead through other devices. */
export function describeForeign(host: NetworkNamespace, route: Route, device: Link): string {
  return describeRoute(route, namesIn(host, device))
}

/** The names that devices have in a namespace now. */
export function namesIn({ socket }: NetworkNamespace, { index, name }: Link): NameOf {
  return (other) =>
    other === index ? name : (findLink(socket, { index: other })?.name ?? `#${other}`)
}
