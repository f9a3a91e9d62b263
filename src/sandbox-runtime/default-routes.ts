import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { warn } from '../log.js'
import { fitForGvisor } from '../network-state/fit-for-gvisor.js'
import { isDefaultRoute } from '../state/routes.js'

/**
 * Of which families a sandbox has the one default route that runsc takes.
 * @param own the index of an interface whose routes do not count
 */
export function familiesWithDefault(sandbox: NetworkNamespace, own: number | undefined): Family[] {
  return dumpRoutes(sandbox.socket)
    .filter((route) => isDefaultRoute(route) && route.nexthops.length === 1)
    .filter(({ nexthops }) => nexthops[0]?.interfaceIndex !== own)
    .map(({ family }) => family)
}

/** Tells what another plugin gave an interface that runsc may refuse to start with. */
export function warnOfObstacles(sandbox: NetworkNamespace, link: Link): void {
  const { socket } = sandbox
  const [addresses, routes] = [dumpAddresses(socket, link.index), dumpRoutes(socket, link.index)]
  const taken = familiesWithDefault(sandbox, link.index)
  const { omissions } = fitForGvisor({ addresses, routes }, link, link.name, taken)
  for (const { what, why } of omissions)
    warn(`gVisor may refuse to start with ${what} of ${link.name}: ${why}`)
}
