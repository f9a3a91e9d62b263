import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'

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
