import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import { describeNeighbor } from './describe.js'
import { unpacked } from './packed.js'
import { toRestore } from './reasons.js'
import { routeKey } from './routes.js'
import type { Captured, HostNetworkState, PackedState } from './schema.js'

type Taken = Pick<HostNetworkState, 'addresses' | 'routes' | 'neighbors'>

/**
 * Whether a device has lost what every move takes: its addresses; its routes if it had no address;
 * its neighbour entries if it had neither; that it was up if it had nothing. A device that has any of
 * them never left, such as the master of a macvlan, or was configured since.
 * @param had what was captured of it
 * @param has what it has by now
 * @param wentDown whether it was up and is down by now
 */
export function isBare(had: PackedState, has: Taken, wentDown = false): boolean {
  return (
    areGone(
      had.addresses,
      ({ local }) => local,
      () => has.addresses,
    ) ??
    areGone(unpacked(had).routes, routeKey, () => has.routes) ??
    areGone(had.neighbors, describeNeighbor, () => has.neighbors) ??
    wentDown
  )
}

/** What a device has now. It is asked for when it is needed, and nearly always only the first is. */
export function presentOf({ socket }: NetworkNamespace, { index }: Link): Taken {
  return {
    get addresses() {
      return dumpAddresses(socket, index).map(unjudged)
    },
    get routes() {
      return dumpRoutes(socket, { device: index }).map(unjudged)
    },
    get neighbors() {
      return dumpNeighbors(socket, index).map(unjudged)
    },
  }
}

function unjudged<T>(value: T): Captured<T> {
  return { value }
}

/** Whether none of what a move takes is there; undefined if there was nothing to take. */
function areGone<T>(
  had: Captured<T>[],
  keyOf: (value: T) => string,
  has: () => Captured<T>[],
): boolean | undefined {
  const keys = new Set(toRestore(had).map(keyOf))
  return keys.size === 0 ? undefined : !has().some(({ value }) => keys.has(keyOf(value)))
}
