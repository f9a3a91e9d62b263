import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRemoval } from '../kernel/netlink/address.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { HostNetworkState } from './schema.js'

/**
 * Removes the multicast addresses for which the kernel joined the group itself (`autojoin`), before
 * the device leaves a namespace. Otherwise the namespace stays a member without the device, and
 * the kernel refuses the address when the device comes again (EADDRINUSE).
 */
export function leaveGroups(
  { socket }: NetworkNamespace,
  device: Link,
  { addresses }: Pick<HostNetworkState, 'addresses'>,
): void {
  const joined = addresses
    .map(({ value }) => value)
    .filter(({ flags }) => flags & ADDRESS_FLAG.mcautojoin)
  if (joined.length > 0)
    socket.requestAll(joined.map((address) => addressRemoval(address, device.index)))
}
