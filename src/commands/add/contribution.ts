import type { Contribution } from '../../cni/result/merge.js'
import { type CniVersion, isAtLeast } from '../../cni/version.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { routeMtu } from '../../kernel/netlink/route.js'
import type { Route } from '../../kernel/netlink/route-schema.js'
import type { StateToApply } from '../../state/carry.js'

/** What ADD reports of a lent device. */
export function contributionOf(
  link: Link,
  sandboxPath: string,
  { addresses, routes }: StateToApply,
  cniVersion: CniVersion,
): Contribution {
  return {
    interface: {
      name: link.name,
      mac: link.hardwareAddress,
      // A field of 1.1.0.
      ...(isAtLeast(cniVersion, '1.1.0') ? { mtu: link.mtu } : {}),
      sandbox: sandboxPath,
    },
    ips: addresses.map(({ local, prefixLength }) => ({ address: `${local}/${prefixLength}` })),
    routes: routes.map(reportedRoute),
  }
}

function reportedRoute(route: Route) {
  const gateway = route.nexthops[0]?.gateway
  const mtu = routeMtu(route)
  return {
    dst: route.destination,
    ...(gateway === undefined ? {} : { gw: gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(route.priority === undefined ? {} : { priority: route.priority }),
    table: route.table,
    ...(route.scope === 0 ? {} : { scope: route.scope }),
  }
}
