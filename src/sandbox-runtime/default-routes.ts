import { dumpAddresses } from '../kernel/netlink/address.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Family } from '../kernel/objects/family.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { warn } from '../log.js'
import { fitForGvisor, isDefault } from '../network-state/fit-for-gvisor.js'

/**
 * Of which families a sandbox has the one default route that runsc takes.
 * @param own the index of an interface whose routes do not count
 */
export function familiesWithDefault(sandbox: Place, own: number | undefined): Family[] {
  return dumpRoutes(sandbox.socket)
    .filter((route) => isDefault(route) && route.hops.length === 1)
    .filter(({ hops }) => hops[0]?.interfaceIndex !== own)
    .map(({ family }) => family)
}

/** Tells what another plugin gave an interface that runsc may refuse to start with. */
export function warnOfObstacles(sandbox: Place, link: Link): void {
  const { socket } = sandbox
  const [addresses, routes] = [dumpAddresses(socket, link.index), dumpRoutes(socket, link.index)]
  const taken = familiesWithDefault(sandbox, link.index)
  const { omissions } = fitForGvisor({ addresses, routes }, link, link.name, taken)
  for (const { what, why } of omissions)
    warn(`gVisor may refuse to start with ${what} of ${link.name}: ${why}`)
}
