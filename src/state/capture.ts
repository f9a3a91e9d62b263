import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { dumpRules } from '../kernel/netlink/rule.js'
import { readAllSysctls, readSysctl, type Sysctl } from '../kernel/sysctl.js'
import { carried } from './carry.js'
import { tableOfDevice } from './connected-route.js'
import { leaveWithAddresses } from './footing.js'
import {
  type CapturePolicy,
  reasonToLeaveAddress,
  reasonToLeaveNeighbor,
  reasonToLeaveRoute,
  reasonToLeaveRule,
} from './judge.js'
import type { Reason } from './reasons.js'
import type { Captured, HostNetworkState } from './schema.js'

/**
 * Reads a device's host state. Must run while the link is up: link down alone removes all gateway
 * routes and most IPv6 addresses. The thread must be in the host's namespace.
 * @throws Failure `configuration-invalid` for a sysctl that cannot be read
 */
export function captureHostNetworkState(
  host: NetworkNamespace,
  device: Link,
  policy: CapturePolicy,
): HostNetworkState {
  const { useInterfaceNetwork } = policy
  const allAddresses = dumpAddresses(host.socket, device.index)
  const addresses = judgeEach(allAddresses, useInterfaceNetwork, (address) =>
    reasonToLeaveAddress(address, policy),
  )
  const allRoutes = dumpRoutes(host.socket, device.index)
  const ownTable = tableOfDevice(allRoutes)
  const judgedAlone = judgeEach(allRoutes, useInterfaceNetwork && policy.routes, (route) =>
    reasonToLeaveRoute(route, allAddresses, ownTable),
  )
  const routes = leaveWithAddresses(judgedAlone, addresses, device)
  const belongings = {
    deviceName: device.name,
    addresses: carried(addresses),
    routes: carried(routes),
  }
  return {
    addresses,
    routes,
    rules: judgeEach(dumpRules(host.socket), useInterfaceNetwork && policy.rules, (rule) =>
      reasonToLeaveRule(rule, belongings),
    ),
    neighbors: judgeEach(dumpNeighbors(host.socket, device.index), useInterfaceNetwork, (one) =>
      reasonToLeaveNeighbor(one, policy),
    ),
    sysctls: useInterfaceNetwork ? captureSysctls(device.name, policy.sysctls) : [],
  }
}

/**
 * Judges all objects of one kind. If the configuration does not ask for the kind, that is the
 * reason for those without another.
 */
function judgeEach<T>(
  values: T[],
  asked: boolean,
  judge: (value: T) => Reason | undefined,
): Captured<T>[] {
  return values.map((value) => {
    const leftBehind = judge(value) ?? (asked ? undefined : 'not-asked-for')
    return leftBehind === undefined ? { value } : { value, leftBehind }
  })
}

function captureSysctls(device: string, names: string[] | 'all'): Sysctl[] {
  if (names === 'all') return readAllSysctls(device)
  return names.map((name) => {
    try {
      return readSysctl(name, device)
    } catch (error) {
      throw new Failure(
        'configuration-invalid',
        `cannot read the sysctl ${name} of ${device}: ${(error as Error).message}`,
      )
    }
  })
}
