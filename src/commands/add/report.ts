import { type Contribution, mergeIntoResult } from '../../cni/merge.js'
import { encodeResult } from '../../cni/result.js'
import type { Result } from '../../cni/result-schema.js'
import { type CniVersion, isAtLeast } from '../../cni/version.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { routeMtu } from '../../kernel/netlink/route.js'
import type { Route } from '../../kernel/netlink/route-schema.js'
import type { StateToApply } from '../../state/carry.js'
import type { Call } from '../call.js'

/**
 * The part of the CNI result that ADD adds for a device.
 * @param link the device as it is in the sandbox
 * @param pciID the PCI address of the device, if it has one of its own
 */
export function contributionOf(
  { environment, cniVersion }: Call,
  link: Link,
  { addresses, routes, packed = [] }: StateToApply,
  pciID?: string,
): Contribution {
  return {
    interface: {
      name: link.name,
      mac: link.hardwareAddress,
      // `mtu` came with CNI 1.1.0.
      ...(isAtLeast(cniVersion, '1.1.0') ? { mtu: link.mtu } : {}),
      sandbox: environment.netns,
      ...reportedPciId(cniVersion, pciID),
    },
    ips: addresses.map(({ local, prefixLength }) => ({ address: `${local}/${prefixLength}` })),
    routes: routes.map(reportedRoute),
    packed: packed.map(({ like, addresses }) => ({ like: reportedRoute(like), addresses })),
  }
}

/** `pciID` came with CNI 1.1.0. */
export function reportedPciId(cniVersion: CniVersion, pciID?: string): { pciID?: string } {
  return pciID !== undefined && isAtLeast(cniVersion, '1.1.0') ? { pciID } : {}
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

/**
 * The result of ADD in the call's CNI version: prevResult, then IPAM's addresses and routes, then
 * the carried ones.
 * @throws CniError if the version cannot express it
 */
export function resultOf(
  { configuration, cniVersion }: Call,
  contribution: Contribution,
  assigned: Result | undefined,
): object {
  const { prevResult, dns } = configuration
  const fromIpam = {
    interface: contribution.interface,
    ips: assigned?.ips ?? [],
    routes: assigned?.routes ?? [],
  }
  const merged = mergeIntoResult(mergeIntoResult(prevResult, fromIpam), contribution)
  const named = [dns, prevResult?.dns, assigned?.dns].find((one) => Object.keys(one ?? {}).length)
  return encodeResult(named ? { ...merged, dns: named } : merged, cniVersion)
}

/** Writes the file that Multus may want with what the device is. */
export async function informOfDevice({ configuration }: Call, pciAddress?: string): Promise<void> {
  const { CNIDeviceInfoFile } = configuration.runtimeConfig ?? {}
  if (!CNIDeviceInfoFile || pciAddress === undefined) return
  const { writeDeviceInfo } = await import('./device-info.js')
  writeDeviceInfo(CNIDeviceInfoFile, pciAddress)
}
