import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRemoval, addressRequest } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { PackedState } from './schema.js'

/**
 * Removes the multicast addresses for which the kernel joined the group itself (`autojoin`), before
 * the device leaves a namespace. Otherwise the namespace stays a member without the device, and
 * the kernel refuses the address when the device comes again (EADDRINUSE).
 */
export function leaveGroups(
  { socket }: NetworkNamespace,
  device: Link,
  { addresses }: Pick<PackedState, 'addresses'>,
): void {
  const joined = addresses.map(({ value }) => value).filter(isJoined)
  if (joined.length > 0)
    socket.requestAll(joined.map((address) => addressRemoval(address, device.index)))
}

/** Adds these addresses again to a device that never left: an ADD was ended between the two. */
export function joinGroupsAgain(
  { socket }: NetworkNamespace,
  device: Link,
  { addresses }: Pick<PackedState, 'addresses'>,
): void {
  const joined = addresses.map(({ value }) => value).filter(isJoined)
  if (joined.length === 0) return
  const flags = ADDRESS_FLAG.mcautojoin
  socket.requestAll(
    joined.map((address) => addressRequest({ ...address, flags }, device.index, 'create')),
  )
}

function isJoined({ flags }: Address): boolean {
  return (flags & ADDRESS_FLAG.mcautojoin) !== 0
}
