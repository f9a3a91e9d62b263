import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'

/* What a device may lack after a move, or after its pod had it, until something of it is changed. */

/** The least MTU with which the kernel lets a device have IPv4. */
const LEAST_MTU = 68

/**
 * Gives a device IPv4 that has lost it in a move: the kernel refuses it addresses (ENOBUFS). That is
 * so if there was no memory for it, or if the device came into the namespace as `all` or `default`,
 * names that a pod can give it. The kernel makes it when the MTU changes.
 * @returns the device as it is now
 * @throws KernelError
 */
export function withIpv4({ socket }: NetworkNamespace, device: PresentLink): PresentLink {
  const { index, mtu, settings } = device
  if (settings.ipv4 !== undefined || mtu < LEAST_MTU) return device
  try {
    changeLink(socket, index, { mtu: mtu + 1 })
  } catch {
    // It can have no more. A smaller one would shrink that of the devices on it, too.
    changeLink(socket, index, { mtu: mtu - 1 })
  }
  changeLink(socket, index, { mtu })
  return findLink(socket, { index }) ?? device
}

/** IF_LINK_MODE_* and IF_OPER_* of linux/if.h. */
const LINK_MODE_DEFAULT = 0
const OPER = { testing: 4, dormant: 5, up: 6 } as const

/**
 * Wakes a device that its pod has put to sleep: until its carrier changes, the kernel leaves it
 * dormant, whatever its link mode is, and IPv6 does not begin. The kernel tells of it only while the
 * device is up. One that was in the mode `dormant` on the host waits for whoever set that; one that
 * its driver keeps asleep stays so, and the kernel says nothing.
 * @returns the device as it is now
 * @throws KernelError
 */
export function wakeUp(host: NetworkNamespace, onHost: Link, now: PresentLink): PresentLink {
  const { operationalState } = now
  const isAsleep = operationalState === OPER.dormant || operationalState === OPER.testing
  if (!isAsleep || onHost.linkMode !== LINK_MODE_DEFAULT) return now
  changeLink(host.socket, now.index, { operationalState: OPER.up })
  return findLink(host.socket, { index: now.index }) ?? now
}
