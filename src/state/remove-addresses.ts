import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG, ROUTE_PROTOCOL, TABLE } from '../kernel/netlink/constants.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { routeRemoval } from '../kernel/netlink/route.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { warnOfEach } from '../log.js'
import type { Addition } from './add-objects.js'
import { addReachable } from './add-routes.js'
import { isConnectedRoute, tableOfDevice } from './connected-route.js'
import { describeAddress } from './describe.js'
import { planState } from './plan.js'
import { wholeOf } from './routes.js'
import { describeForeign } from './stand-ins.js'

/**
 * Takes addresses off an interface, and nothing else. With the last IPv4 address the kernel takes all
 * IPv4 routes off, and with an address the secondary ones of its subnet (net.ipv4.conf.promote_secondaries).
 * These are put back; what cannot be is a warning.
 * @param removals the addresses, with the requests that remove them
 */
export function removeAddresses(
  namespace: NetworkNamespace,
  index: number,
  removals: Addition<Address>[],
): void {
  const { socket } = namespace
  const requests = removals.map(({ request }) => request)
  const endangered = findEndangered(socket, index, removals)
  if (!endangered) {
    socket.requestAll(requests)
    return
  }
  const { device, addresses, routes } = endangered
  const plan = planState(device, device, {
    ...{ up: false, addresses, routes, rules: [], neighbors: [], sysctls: [] },
    order: dumpRoutes(socket, { destinations: routes.map(({ destination }) => destination) }),
  })
  // The kernel carries out a datagram as a whole: however the call ends, nearly all is there again.
  const back = [...plan.addresses, ...plan.routes].map(({ request }) => request)
  const outcomes = socket.requestAll([
    ...routes.filter(leadsThroughOthers).map(routeRemoval),
    ...requests,
    ...back,
  ])
  const errors = outcomes.slice(outcomes.length - back.length)
  const refused = plan.routes.filter((_, n) => errors[plan.addresses.length + n])
  const present = refused.length > 0 ? dumpRoutes(socket, { device: index }) : []
  const there = new Set(present.map(wholeOf))
  const absent = refused.filter(({ value }) => !there.has(wholeOf(value)))
  const lostRoutes = addReachable(socket, device, absent, plan.around).map(({ value, error }) => ({
    what: `route ${describeForeign(namespace, value, device)}`,
    error,
  }))
  const lostAddresses = plan.addresses.flatMap(({ value }, n) => {
    const error = errors[n]
    if (!error || error.is('EEXIST')) return []
    return [{ what: `address ${describeAddress(value)}`, error }]
  })
  warnOfEach(
    [...lostAddresses, ...lostRoutes].map(
      ({ what, error }) =>
        `the ${what} is gone with the addresses that ADD gave ${device.name}, and cannot be put back: ${error.message}`,
    ),
  )
}

/** What an interface may lose with its addresses. */
interface Endangered {
  device: Link
  addresses: Address[]
  routes: Route[]
}

/** @returns undefined if nothing can be lost, as where a primary address stays, and no secondary one */
function findEndangered(
  socket: NetlinkSocket,
  index: number,
  removals: Addition<Address>[],
): Endangered | undefined {
  if (!removals.some(({ value }) => value.family === 'inet')) return undefined
  const removed = new Set(removals.map(({ value }) => describeAddress(value)))
  const all = dumpAddresses(socket, index).filter(({ family }) => family === 'inet')
  const staying = all.filter((address) => !removed.has(describeAddress(address)))
  const addresses = staying.filter(({ flags }) => flags & ADDRESS_FLAG.secondary)
  const isSafe = staying.length > 0 && addresses.length === 0
  if (isSafe || staying.length === all.length) return undefined
  const present = dumpRoutes(socket, { device: index })
  const table = tableOfDevice(present)
  const routes = present.filter(
    (route) =>
      route.family === 'inet' &&
      // These stay.
      route.nexthopObject === undefined &&
      !(route.protocol === ROUTE_PROTOCOL.kernel && route.table === TABLE.local) &&
      !isConnectedRoute(route, all, table),
  )
  const isNothing = routes.length === 0 && addresses.length === 0
  const device = isNothing ? undefined : findLink(socket, { index })
  return device && { device, addresses, routes }
}

/** The nexthop through this interface would stay dead in such a route. */
function leadsThroughOthers({ nexthops }: Route): boolean {
  return new Set(nexthops.map(({ interfaceIndex }) => interfaceIndex)).size > 1
}
