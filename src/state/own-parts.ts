import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { byPlace, nexthopKey, wholeOf } from './routes.js'
import type { Original, PackedState } from './schema.js'
import { isStandIn, standInsAmong, standInThrough } from './stand-in.js'
import { localsOf, standInsFor } from './stand-ins.js'
import { through } from './through.js'

/**
 * The routes of a device that need others than it: the other devices of their nexthops, a source that
 * is another device's, a nexthop object that may be later than the device.
 */
function routesByOthers(state: PackedState, device: Link): Route[] {
  const locals = localsOf(state)
  const isOwn = ({ interfaceIndex }: Nexthop) => interfaceIndex === device.index
  return state.routes
    .map(({ value }) => value)
    .filter(
      (route) =>
        route.family === 'inet' &&
        !isStandIn(route) &&
        route.nexthops.some(isOwn) &&
        (!route.nexthops.every(isOwn) ||
          route.nexthopObject !== undefined ||
          (route.preferredSource !== undefined && !locals.includes(route.preferredSource))),
    )
}

/**
 * Gives the host what it can have of routes while the device is home and others of theirs are away:
 * the part through this device, beside what there is through others.
 * @param home the device
 * @param isWanted of which routes
 */
export function addOwnParts(
  { socket }: NetworkNamespace,
  { onHost, state }: Original,
  home: Link,
  isWanted: (route: Route) => boolean,
): void {
  const wanted = routesByOthers(state, onHost)
    .map((route) => through(onHost, home, route))
    .filter(isWanted)
  if (wanted.length === 0) return
  const destinations = wanted.map(({ destination }) => destination)
  const there = dumpRoutes(socket, { destinations })
  const inPlaceOf = byPlace(there)
  const standInsOf = standInsAmong(there)
  const isThere = (route: Route) =>
    inPlaceOf(route).some((one) => !isStandIn(one) && leadsThroughMore(one, home))
  const parts = wanted
    .filter((route) => !isThere(route))
    .map(({ nexthopObject: _, ...route }) => {
      const present = standInsOf(route).flatMap(({ nexthops }) => nexthops)
      const known = new Set(present.map(nexthopKey))
      const nexthops = route.nexthops.filter(
        (one) => one.interfaceIndex === home.index || known.has(nexthopKey(one)),
      )
      return standInThrough(route, nexthops)
    })
  const add = (routes: Route[]) =>
    socket.requestAll(routes.map((route) => newRouteRequest(route, 'last')))
  const outcomes = add(parts)
  const isRefused = (_: Route, n: number) => outcomes[n] && !outcomes[n].is('EEXIST')
  // Its source may be an address of a device that is away.
  add(
    parts
      .filter(isRefused)
      .flatMap(({ preferredSource, ...route }) => (preferredSource === undefined ? [] : [route])),
  )
}

/** Whether a route leads through a device and others: such a one was restored with another of them. */
function leadsThroughMore({ nexthops }: Route, { index }: Link): boolean {
  return nexthops.length > 1 && nexthops.some(({ interfaceIndex }) => interfaceIndex === index)
}

/**
 * Removes stand-ins of which the host has the route, or another stand-in through more devices.
 * @param home the device, which may have another index than before
 */
export function removeStandIns(
  { socket }: NetworkNamespace,
  { onHost, state }: Original,
  home: Link,
): void {
  const concerned = [
    ...standInsFor(state, onHost).map(({ route }) => route),
    ...routesByOthers(state, onHost),
  ]
  if (concerned.length === 0) return
  const destinations = concerned.map(({ destination }) => destination)
  const there = dumpRoutes(socket, { destinations })
  // Other devices of a route may have come home under other indexes.
  const isOwn = ({ interfaceIndex }: Nexthop) => interfaceIndex === home.index
  const anywhere = (route: Route) => {
    const hops = route.nexthops.map((hop) => (isOwn(hop) ? hop : { ...hop, interfaceIndex: 0 }))
    return wholeOf({ ...route, nexthops: hops })
  }
  const originals = new Set(concerned.map((route) => anywhere(through(onHost, home, route))))
  const covers = (route: Route, one: Route) =>
    isStandIn(route) ? isMore(route, one) : originals.has(anywhere(route))
  const standInsOf = standInsAmong(there)
  const needless = new Set(
    there.flatMap((route) => standInsOf(route).filter((one) => covers(route, one))),
  )
  // In the kernel's order: to remove one by a single nexthop, it takes the first route that begins with that.
  socket.requestAll(there.filter((route) => needless.has(route)).map(routeRemoval))
}

function isMore(one: Route, other: Route): boolean {
  const [more, less] = [one.nexthops.length, other.nexthops.length]
  const hasSource = ({ preferredSource }: Route) => preferredSource !== undefined
  return more > less || (more === less && hasSource(one) && !hasSource(other))
}
