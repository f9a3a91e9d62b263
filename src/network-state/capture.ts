import { dumpAddresses } from '../kernel/netlink/address.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { reasonToLeaveAddress } from './judge-address.js'
import { reasonToLeaveRoute } from './judge-route.js'
import type { HostNetworkState } from './model-schema.js'
import type { Reason } from './reasons.js'

/** What the operator asked to carry. */
export interface CapturePolicy {
  useInterfaceNetwork: boolean
}

/**
 * Reads what the host gave a device. Must run before the link goes down: that
 * alone takes every gateway route and most IPv6 addresses away.
 */
export function captureHostNetworkState(
  host: Place,
  device: Link,
  policy: CapturePolicy,
): HostNetworkState {
  const addresses = dumpAddresses(host.socket, device.index)
  const routes = [
    ...dumpRoutes(host.socket, 'inet', device.index),
    ...dumpRoutes(host.socket, 'inet6', device.index),
  ]
  const judge = (reason: Reason | undefined) =>
    reason ?? (policy.useInterfaceNetwork ? undefined : 'not-asked-for')
  return {
    addresses: addresses.map((value) => captured(value, judge(reasonToLeaveAddress(value)))),
    routes: routes.map((value) => captured(value, judge(reasonToLeaveRoute(value, addresses)))),
  }
}

function captured<T>(value: T, leftBehind: Reason | undefined) {
  return leftBehind === undefined ? { value } : { value, leftBehind }
}
