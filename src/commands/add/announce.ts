import { announce } from '../../kernel/announcement.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { note, warn } from '../../log.js'

/**
 * Tells the neighbours of a device in the sandbox that addresses are at its hardware address now.
 * ADD neither waits for that nor fails because of it: neighbours find out by themselves, later.
 */
export function announceAddresses(
  sandbox: NetworkNamespace,
  device: Link,
  addresses: string[],
): void {
  try {
    const announced = announce(sandbox, device, addresses)
    if (announced.length > 0)
      note('info', `announces the addresses of ${device.name}`, () => ({ addresses: announced }))
  } catch (error) {
    warn(`cannot announce the addresses of ${device.name}: ${(error as Error).message}`)
  }
}
