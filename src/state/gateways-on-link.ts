import { familyOf } from '../kernel/ip-address.js'
import type { KernelError } from '../kernel/kernel-error.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import { ROUTE_TYPE, SCOPE } from '../kernel/netlink/constants.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import type { NexthopObject } from '../kernel/netlink/nexthop-object-schema.js'
import { newRouteRequest, routeRemoval } from '../kernel/netlink/route.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import type { Refused } from './add-objects.js'
import { hasGateway, nexthopKey } from './routes.js'

/**
 * The kernel takes a gateway only if it is on the link, and looks at that only when a route or a nexthop
 * object is added: in the table of the route, else as the rules say. What it found on the host then, a
 * rule may hide from it since, or a route of a table to which that leads. So for what it refuses the
 * gateways have routes of their own, on the link. They are there within a datagram only, which the kernel
 * carries out as a whole, however the call ends.
 */

/** Errors of the kernel for a gateway: EACCES, EINVAL, ENETUNREACH and EHOSTUNREACH. */
const OUT_OF_REACH = [13, 22, 101, 113]

/** Before others to the same gateway. Of IPv4 that is 0, which of IPv6 is the default. */
const FIRST_METRIC = { inet: 0, inet6: 1 } as const

/**
 * Of these routes alone: a removal states no metric that is 0, so it would take a stand-in on the way to the
 * gateway with it, if it had the protocol of one.
 */
const WAY_PROTOCOL = 77

/** So many are in one datagram. */
const MOST_ON_LINK = 100

/** Adds refused routes while their gateways are on the link. */
export function addWithGateways(
  socket: NetlinkSocket,
  refused: Refused<Route>[],
  add: () => Refused<Route>[],
): Refused<Route>[] {
  const ways = refused
    .filter(isOutOfReach)
    .flatMap(({ value }) =>
      value.nexthops.flatMap((nexthop) => wayTo(nexthop, value.family, value.table)),
    )
  return ways.length === 0 ? refused : whileThere(socket, ways, add)
}

/** The same of nexthop objects, which are in no table. */
export function addObjectsWithGateways(
  socket: NetlinkSocket,
  refused: Refused<NexthopObject>[],
  add: () => Refused<NexthopObject>[],
): Refused<NexthopObject>[] {
  const hidden = refused.filter(isOutOfReach).flatMap(({ value: { nexthop, family } }) => {
    const known = familyOf(family)
    return nexthop && known && hasGateway(nexthop) ? [{ nexthop, family: known }] : []
  })
  if (hidden.length === 0) return refused
  const rules = dumpRules(socket)
  const ways = hidden.flatMap(({ nexthop, family }) =>
    rules
      .filter((rule) => rule.family === family && rule.table > 0)
      .flatMap(({ table }) => wayTo(nexthop, family, table)),
  )
  return ways.length === 0 ? refused : whileThere(socket, ways, add)
}

function isOutOfReach({ error }: { error: KernelError }): boolean {
  return OUT_OF_REACH.includes(error.errno)
}

function wayTo(nexthop: Nexthop, ofRoute: Family, table: number): Route[] {
  const { interfaceIndex, gateway, via, onlink } = nexthop
  const { address, family } = via ?? { address: gateway, family: ofRoute }
  if (address === undefined || onlink) return []
  return [
    {
      family,
      table,
      destination: `${address}/${family === 'inet' ? 32 : 128}`,
      typeOfService: 0,
      priority: FIRST_METRIC[family],
      protocol: WAY_PROTOCOL,
      scope: family === 'inet' ? SCOPE.link : SCOPE.universe,
      type: ROUTE_TYPE.unicast,
      nexthops: [{ interfaceIndex, weight: 1 }],
    },
  ]
}

function whileThere<T>(socket: NetlinkSocket, ways: Route[], act: () => T): T {
  const keyOf = ({ table, destination, nexthops: [hop] }: Route) =>
    `${table} ${destination} ${hop && nexthopKey(hop)}`
  const different = [...new Map(ways.map((way) => [keyOf(way), way])).values()]
  const some = different.slice(0, MOST_ON_LINK)
  const requests = some.map((way) => newRouteRequest(way))
  return socket.enclose(requests, some.map(routeRemoval), act)
}
