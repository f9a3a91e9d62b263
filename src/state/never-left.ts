import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Original } from './schema.js'

/**
 * Whether a device on the host surely has not left it since it was captured: it has an address of then.
 * A move takes all addresses away, and one that is added again was created at another time. Nothing else
 * tells: a device that came back may have its name and its addresses from whoever found it there.
 * @returns false also where it is not known, or something is to be undone: the device has no address,
 *   has another name, as where CNI_NETNS_OVERRIDE has the host for a sandbox, or is down and was up, as a
 *   wireless one is before it moves
 */
export function hasNeverLeft(
  { socket }: NetworkNamespace,
  device: Link,
  { onHost, state }: Original,
): boolean {
  if (device.name !== onHost.name || (onHost.up && !device.up)) return false
  const known = new Set(state.addresses.flatMap(({ value }) => creationOf(value) ?? []))
  return dumpAddresses(socket, device.index).some((one) => known.has(creationOf(one) ?? ''))
}

/** Undefined of an address from a record of an earlier version. */
function creationOf({ local, prefixLength, createdAt }: Address): string | undefined {
  return createdAt === undefined ? undefined : `${local}/${prefixLength} ${createdAt}`
}
