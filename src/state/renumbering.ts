import type { Link } from '../kernel/netlink/link-schema.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import { groupBy } from './group-by.js'
import { hasGateway, nexthopKey } from './routes.js'

/**
 * Tells how a route is now if another device of it came home under a new index: a nexthop in its place has
 * the gateway of one that is not there, and an index that nobody knows.
 * @param order what the host had in the place
 * @param present what it has
 * @returns gives back the route itself if nothing is different
 */
export function renumbering(
  order: Route[],
  present: Route[],
  device: Link,
): (route: Route) => Route {
  const ofOthers = (routes: Route[]) =>
    routes
      .flatMap(({ nexthops }) => nexthops)
      .filter((hop) => hop.interfaceIndex !== device.index && hasGateway(hop))
  const there = ofOthers(present)
  const known = ofOthers(order)
  const [thereKeys, knownKeys] = [there, known].map((hops) => new Set(hops.map(nexthopKey)))
  const gatewayOf = (hop: Nexthop) => nexthopKey({ ...hop, interfaceIndex: 0 })
  const absent = groupBy(
    known.filter((one) => !thereKeys?.has(nexthopKey(one))),
    gatewayOf,
  )
  const indexes = new Map<number, number>()
  for (const hop of there.filter((one) => !knownKeys?.has(nexthopKey(one)))) {
    const same = absent.get(gatewayOf(hop)) ?? []
    const [former, ...others] = new Set(same.map(({ interfaceIndex }) => interfaceIndex))
    if (former !== undefined && others.length === 0) indexes.set(former, hop.interfaceIndex)
  }
  if (!order.some(({ nexthops }) => nexthops.some((hop) => indexes.has(hop.interfaceIndex))))
    return (route) => route
  const asNow = (hop: Nexthop) => ({
    ...hop,
    interfaceIndex: indexes.get(hop.interfaceIndex) ?? hop.interfaceIndex,
  })
  return (route) => ({ ...route, nexthops: route.nexthops.map(asNow) })
}
