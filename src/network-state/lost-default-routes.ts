import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import type { Place } from '../kernel/place.js'
import { describeRoute } from './describe.js'
import type { HostNetworkState } from './model-schema.js'

const TABLE_MAIN = 254

/**
 * The default routes that leave by a device where no other device of the host has
 * one of that family: without the device the host reaches nothing beyond its links.
 * @returns each as `ip` would write it
 */
export function lostDefaultRoutes(host: Place, device: Link, state: HostNetworkState): string[] {
  const own = state.routes.map(({ value }) => value).filter(isDefault)
  if (own.length === 0) return []
  const others = dumpRoutes(host.socket)
    .filter(isDefault)
    .filter(({ hops }) => hops.some(({ interfaceIndex }) => interfaceIndex !== device.index))
  return own
    .filter((route) => !others.some(({ family }) => family === route.family))
    .map((route) => describeRoute(route, device.name))
}

function isDefault({ destination, table, type }: Route): boolean {
  return destination.endsWith('/0') && table === TABLE_MAIN && type === 'UNICAST'
}
