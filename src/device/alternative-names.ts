import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { alternativeNameRequest } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { warnOfEach } from '../log.js'
import type { LocatedDevice } from './lent-device.js'

/**
 * Removes the alternative names with which a device must not come home: those that it did not have
 * there, since a pod must not choose names on the host, and those that another device has there by
 * now, since the kernel refuses to move a device with one.
 */
export function removeForeignNames(
  host: NetworkNamespace,
  { namespace, link }: LocatedDevice,
  onHost: Link,
): void {
  const isTaken = (name: string) => {
    const holder = findLink(host.socket, { name })
    return holder !== undefined && !(namespace === host && holder.index === link.index)
  }
  const foreign = link.alternativeNames.filter(
    (name) => !onHost.alternativeNames.includes(name) || isTaken(name),
  )
  // A name that could not be removed shows in the move.
  namespace.socket.requestAll(
    foreign.map((name) => alternativeNameRequest(link.index, 'remove', name)),
  )
}

/** Gives a device at home the alternative names again that it has lost in the sandbox. */
export function restoreNames(host: NetworkNamespace, home: Link, onHost: Link): void {
  const lost = onHost.alternativeNames.filter((name) => !home.alternativeNames.includes(name))
  const refusals = host.socket.requestAll(
    lost.map((name) => alternativeNameRequest(home.index, 'add', name)),
  )
  warnOfEach(
    lost.flatMap((name, n) => {
      const refusal = refusals[n]
      return refusal ? `${home.name} is home without its name ${name}: ${refusal.message}` : []
    }),
  )
}
