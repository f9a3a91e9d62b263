import type { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import {
  egressFilterRequest,
  filtersRequest,
  hasEgressFilter,
} from '../kernel/netlink/egress-filter.js'
import type { VlanAction } from '../kernel/netlink/vlan-action.js'

/** Before those of others, which have their turn after it. */
const PREFERENCE = 1

/**
 * The kernel finds out what is in a frame when it takes a VLAN tag out of it. The first
 * tag that is put on is only noted beside the frame; the second one puts it into it.
 */
const TAG_AND_UNTAG: VlanAction[] = [
  { what: 'push', next: 'next action' },
  { what: 'push', next: 'next action' },
  { what: 'pop', next: 'next action' },
  { what: 'pop', next: 'next filter' },
]

/**
 * Has the kernel find out the protocol of all that leaves a device. gVisor writes frames to
 * a packet socket without naming it, and some drivers have no function to find it out by.
 * @returns what the kernel says where it cannot do that
 */
export function nameProtocols(
  { socket }: NetworkNamespace,
  index: number,
): KernelError | undefined {
  const [noRoom, refusal] = socket.requestAll([
    filtersRequest(index),
    egressFilterRequest(index, PREFERENCE, TAG_AND_UNTAG),
  ])
  if (noRoom) return noRoom
  return refusal?.is('EEXIST') ? undefined : refusal
}

/** Whether that is still done. */
export function namesProtocols({ socket }: NetworkNamespace, index: number): boolean {
  return hasEgressFilter(socket, index, PREFERENCE)
}
