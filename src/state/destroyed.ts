import type { NetworkNamespace } from '../kernel/namespace.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { warn, warnOfEach } from '../log.js'
import { byPlace } from './routes.js'
import type { Original } from './schema.js'
import { type StandIn, standInsAmong } from './stand-in.js'
import { describeForeign, standInsFor } from './stand-ins.js'

/**
 * Once a device is known to be destroyed: says so, for it was the host's. What stands on the host for
 * routes that led through others, too, stays there for good. It gets the protocol of the route, whose it
 * is, and no later call takes it for a stand-in. Where others of these devices are away, it waits for them.
 */
export function keepWithoutDevice(host: NetworkNamespace, { onHost, state }: Original): void {
  warn(
    `${onHost.name} is gone: it counts as destroyed, for no network namespace that can be found has it; the host has lost it, with its addresses and routes`,
  )
  const standIns = standInsFor(state, onHost)
  if (standIns.length === 0) return
  const { socket } = host
  const there = dumpRoutes(socket, { destinations: standIns.map(({ route }) => route.destination) })
  const inPlaceOf = byPlace(there)
  const standInsOf = standInsAmong(there)
  const kept = standIns.flatMap(({ route, standIn }) =>
    presentOf(standInsOf(route), route, standIn),
  )
  socket.requestAll(
    kept.flatMap(({ route, standIn }) => [
      newRouteRequest(
        lasting(route, standIn),
        isLast(inPlaceOf(standIn), standIn) ? 'last' : 'first',
      ),
      routeRemoval(standIn),
    ]),
  )
  const named = (route: Route) => describeForeign(host, route, onHost)
  warnOfEach(
    kept.map(({ route, standIn }) => {
      const without = named(lasting(route, standIn))
      return `${onHost.name} is destroyed: in place of the route ${named(route)} the host has ${without}`
    }),
  )
}

function presentOf([standIn]: Route[], route: Route, { nexthops }: Route): StandIn[] {
  return standIn?.nexthops.length === nexthops.length ? [{ route, standIn }] : []
}

function lasting({ protocol }: Route, standIn: Route): Route {
  return { ...standIn, protocol }
}

function isLast(inPlace: Route[], route: Route): boolean {
  return inPlace.at(-1) === route
}
