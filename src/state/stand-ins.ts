import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { warnOfEach } from '../log.js'
import { describeRoute } from './describe.js'
import { groupBy } from './group-by.js'
import { namesIn } from './names-in.js'
import { placeOf, ranksIn, wholeOf } from './routes.js'
import type { PackedState } from './schema.js'
import { type StandIn, standInsAmong, standInThrough } from './stand-in.js'

/**
 * The stand-ins for a device. Only for IPv4: of an IPv6 route the kernel takes the nexthops that are
 * the device's, and of a nexthop group those members. None is for a packed route, which leads through
 * the device alone.
 * @param presentOf what the host has of a route by now, if other devices of it are away
 */
export function standInsFor(
  state: PackedState,
  device: Link,
  presentOf = (route: Route) => route,
): StandIn[] {
  const { shared = [] } = state
  const locals = localsOf(state)
  const known = new Set(shared.map(wholeOf))
  const routes = [...state.routes.map(({ value }) => value), ...foreignRoutes(state, device)]
  const mayLose = ({ family, nexthops, preferredSource }: Route) =>
    family === 'inet' && (nexthops.length > 1 || preferredSource !== undefined)
  return routes.filter(mayLose).flatMap((route) => {
    const standIn = standInFor(presentOf(route), device, locals)
    return standIn && !known.has(wholeOf(standIn)) ? [{ route, standIn }] : []
  })
}

/** The routes of other devices that the kernel takes with this one. */
export function foreignRoutes(state: PackedState, device: Link): Route[] {
  const locals = localsOf(state)
  const { shared = [] } = state
  return shared.filter(
    ({ family, nexthops, preferredSource }) =>
      family === 'inet' &&
      preferredSource !== undefined &&
      locals.includes(preferredSource) &&
      nexthops.every(({ interfaceIndex }) => interfaceIndex !== device.index),
  )
}

/** The addresses of a device. */
export function localsOf({ addresses }: PackedState): string[] {
  return addresses.map(({ value }) => value.local)
}

function standInFor(route: Route, device: Link, locals: string[]): Route | undefined {
  const nexthops = route.nexthops.filter(({ interfaceIndex }) => interfaceIndex !== device.index)
  if (nexthops.length === 0) return undefined
  const losesHops = route.nexthopObject === undefined && nexthops.length < route.nexthops.length
  const { preferredSource, ...rest } = route
  const losesSource = preferredSource !== undefined && locals.includes(preferredSource)
  if (!losesHops && !losesSource) return undefined
  return standInThrough(losesSource ? rest : route, nexthops)
}

/**
 * Gives the host its stand-ins before the device leaves, so that there is no moment without a
 * route.
 * @param areOthersAway whether devices are lent that the device has routes in common with
 * @returns all of them
 */
export function addStandIns(
  { socket }: NetworkNamespace,
  state: PackedState,
  device: Link,
  areOthersAway: boolean,
): StandIn[] {
  const standIns = standInsFor(
    state,
    device,
    areOthersAway ? presentIn(socket, standInsFor(state, device)) : undefined,
  )
  if (standIns.length === 0) return []
  const leaving = new Set(standIns.map(({ route }) => wholeOf(route)))
  const stays = (route: Route) =>
    !leaving.has(wholeOf(route)) &&
    route.nexthops.some(({ interfaceIndex }) => interfaceIndex !== device.index)
  const { shared = [] } = state
  const rankOf = ranksIn(shared)
  // Which route the kernel takes is the same as before: of those that stay, the first one decides.
  const firstStaying = groupBy(shared.filter(stays), placeOf)
  const isBefore = ({ route }: StandIn) => {
    const [first] = firstStaying.get(placeOf(route)) ?? []
    return first !== undefined && rankOf(route) < rankOf(first)
  }
  const first = standIns.filter(isBefore).toReversed()
  const last = standIns.filter((one) => !isBefore(one))
  socket.requestAll([
    ...first.map(({ standIn }) => newRouteRequest(standIn, 'first')),
    ...last.map(({ standIn }) => newRouteRequest(standIn, 'last')),
  ])
  return standIns
}

/** Tells what the host has of a route: all of it, or what stands for it. */
function presentIn(socket: NetlinkSocket, standIns: StandIn[]): (route: Route) => Route {
  const destinations = standIns.map(({ route }) => route.destination)
  const there = standIns.length === 0 ? [] : dumpRoutes(socket, { destinations })
  const wholes = new Set(there.map(wholeOf))
  const standInsOf = standInsAmong(there)
  return (route) => (wholes.has(wholeOf(route)) ? route : (standInsOf(route)[0] ?? route))
}

/** Of the routes that left the host with a device. */
export interface LostRoutes {
  /** Those of which the host has a stand-in. */
  standing: StandIn[]
  /** Those of which it has nothing. */
  lost: StandIn[]
}

/**
 * Once the device has left: removes the stand-ins whose route has stayed. The caller has the lock on the
 * routes of the host.
 * @returns the others
 */
export function removeNeedlessStandIns(
  { socket }: NetworkNamespace,
  standIns: StandIn[],
): LostRoutes {
  if (standIns.length === 0) return { standing: [], lost: [] }
  const destinations = standIns.map(({ route }) => route.destination)
  const there = new Set(dumpRoutes(socket, { destinations }).map(wholeOf))
  const isHome = ({ route }: StandIn) => there.has(wholeOf(route))
  const stands = ({ standIn }: StandIn) => there.has(wholeOf(standIn))
  const needless = standIns.filter((one) => isHome(one) && stands(one))
  socket.requestAll(needless.map(({ standIn }) => routeRemoval(standIn)))
  const away = standIns.filter((one) => !isHome(one))
  return { standing: away.filter(stands), lost: away.filter((one) => !stands(one)) }
}

/** Warns of what the host has lost with a device. */
export function warnOfLostRoutes(
  host: NetworkNamespace,
  { standing, lost }: LostRoutes,
  device: Link,
): void {
  const named = ({ route }: StandIn) => describeForeign(host, route, device)
  warnOfEach(lost.map((one) => `with ${device.name} the host has lost the route ${named(one)}`))
  warnOfSources(host, standing, device)
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
