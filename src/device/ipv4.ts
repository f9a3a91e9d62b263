import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { PresentLink } from '../kernel/netlink/link-schema.js'

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
