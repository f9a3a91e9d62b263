import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { missingOfPacked } from '../kernel/netlink/packed-presence.js'
import { destinationsOf, leadsTo } from '../kernel/netlink/packed-routes.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import type { Assignment } from './assigned.js'
import { through } from './through.js'

type Reported = NonNullable<Assignment['routes']>

/**
 * The carried routes that have to be looked for one by one: those that were not packed, and of the packed
 * ones those that may be missing. Nearly always none is: then what the device has is the same list. No
 * other is unpacked: of ten thousands each takes more than a kilobyte.
 * @param original the device as it was when the state was captured
 */
export function routesToLookFor(
  { socket }: NetworkNamespace,
  original: Pick<Link, 'index'>,
  device: Link,
  { routes, packed = [] }: { routes: Route[]; packed?: PackedRoutes[] },
): Route[] {
  if (packed.length === 0) return routes
  const missing = missingOfPacked(
    socket,
    device.index,
    packed.map((one) => ({ ...one, like: through(original, device, one.like) })),
  ).flat()
  // Routes to one destination are counted together.
  const isShared = (one: PackedRoutes) =>
    routes.some(({ destination }) => leadsTo(one, destination))
  const apart = missing.length > 0 ? packed : packed.filter(isShared)
  const sought = new Set([...missing, ...routes.map(({ destination }) => destination)])
  return [...routes, ...apart.flatMap((one) => unpackThese(one, sought))]
}

function unpackThese(packed: PackedRoutes, wanted: Set<string>): Route[] {
  return destinationsOf(packed)
    .filter((destination) => wanted.has(destination))
    .map((destination) => ({ ...packed.like, destination }))
}

/** The reported routes that are none of the packed ones. */
export function reportedBesides(packed: PackedRoutes[], reported: Reported): Reported {
  return packed.reduce(withoutThese, reported)
}

/** ADD reports them in their order, and runtimes and other plugins keep it. */
function withoutThese(reported: Reported, packed: PackedRoutes): Reported {
  const gateway = packed.like.nexthops[0]?.gateway
  const destinations = destinationsOf(packed)
  const others: Reported = []
  let n = 0
  for (const route of reported)
    if (route.dst === destinations[n] && route.gw === gateway) n++
    else others.push(route)
  return others
}
