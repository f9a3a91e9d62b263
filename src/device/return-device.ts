import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Whereabouts } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'

/**
 * Brings a lent device back to the host under its own name and alias. Works from the
 * sandbox and, where the kernel has already handed the device back under another name, on
 * the host.
 * @param bringUp whether it comes up at once, if it was up
 * @throws Failure `return-failed`; the device is then where it was
 */
export function returnDevice(
  host: NetworkNamespace,
  lent: LentDevice,
  { place, link }: Whereabouts,
  bringUp = true,
): Link {
  const { onHost } = lent
  const holder = findLink(host.socket, { name: onHost.name })
  if (holder && !(place === host && holder.index === link.index))
    throw failed(lent, place, link, `the host has another device of that name`)
  try {
    changeLink(place.socket, link.index, {
      ...(place === host ? {} : { namespaceFd: host.fd }),
      name: onHost.name,
      alias: onHost.alias ?? '',
      ...(bringUp && onHost.up ? { up: true } : {}),
    })
  } catch (error) {
    throw failed(lent, place, link, (error as Error).message)
  }
  const returned = findLink(host.socket, { name: onHost.name })
  if (returned) return returned
  throw failed(lent, place, link, 'it was moved, but is not there')
}

function failed(
  { onHost }: LentDevice,
  place: NetworkNamespace,
  link: Link,
  reason: string,
): Failure {
  return new Failure(
    'return-failed',
    `cannot return ${link.name} in ${place.name} to the host as ${onHost.name}: ${reason}`,
    `the device is in ${place.name} as ${link.name}; a later DEL tries again`,
  )
}
