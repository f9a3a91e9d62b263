import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { warn } from '../log.js'

/**
 * An ipvlan device in mode l3 lets no ARP through, which the host's stack does not need
 * there, and gVisor's does: unless the gateway's neighbour entry is permanent, which
 * runsc takes over. Any MAC will do.
 */
export function warnOfUnresolvedGateways({ socket }: Place, link: Link): void {
  const known = dumpNeighbors(socket, link.index)
    .filter(({ state }) => state.includes('permanent'))
    .map(({ address }) => address)
  const gateways = dumpRoutes(socket, link.index).flatMap(({ hops }) =>
    hops.flatMap(({ gateway }) => gateway ?? []),
  )
  for (const gateway of new Set(gateways.filter((one) => !known.includes(one))))
    warn(
      `${link.name} is an ipvlan device in mode l3: gVisor reaches nothing by ${gateway} without a permanent neighbour entry for it`,
    )
}
