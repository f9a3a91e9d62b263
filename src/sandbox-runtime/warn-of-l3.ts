import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { warn } from '../log.js'

/**
 * Tells what an ipvlan device in mode l3 lacks for gVisor. It lets no ARP through, which the
 * host's stack does not need there, and gVisor's does: unless the gateway's neighbour entry
 * is permanent, which runsc takes over. And its driver cannot tell what a packet is that
 * comes from a packet socket without its protocol, as gVisor's do.
 */
export function warnOfL3({ socket }: Place, link: Link): void {
  const what = `${link.name} is an ipvlan device in mode l3`
  warn(`${what}: known kernels drop what gVisor sends by it; mode l2 works`)
  const known = dumpNeighbors(socket, link.index)
    .filter(({ state }) => state.includes('permanent'))
    .map(({ address }) => address)
  const gateways = dumpRoutes(socket, link.index).flatMap(({ hops }) =>
    hops.flatMap(({ gateway }) => gateway ?? []),
  )
  for (const gateway of new Set(gateways.filter((one) => !known.includes(one))))
    warn(`${what}: gVisor finds ${gateway} only with a permanent neighbour entry for it`)
}
