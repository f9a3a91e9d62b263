import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { removeForeignNames, restoreNames } from './alternative-names.js'
import { isSameDevice, type LocatedDevice } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'

/**
 * Returns a lent device to the host under its own name and alias. The device may be in a sandbox.
 * It may also be on the host under another name, if the kernel put it there when its sandbox died.
 * @param bringUp whether to bring it up in the same message, if it was up when it was lent
 * @returns the device on the host
 * @throws Failure `return-failed`; the device is then where it was
 */
export function returnDevice(
  host: NetworkNamespace,
  { onHost }: LentDevice,
  located: LocatedDevice,
  bringUp = true,
): Link {
  const { namespace, link } = located
  const failed = (reason: string) => returnFailure(onHost, located, reason)
  const holder = findLink(host.socket, { name: onHost.name })
  if (holder && !(namespace === host && holder.index === link.index))
    throw failed('the host has another device of that name')
  removeForeignNames(host, located, onHost)
  try {
    changeLink(namespace.socket, link.index, {
      ...(namespace === host ? {} : { namespaceFd: host.fd }),
      name: onHost.name,
      alias: onHost.alias ?? '',
      ...(bringUp && onHost.up ? { up: true } : {}),
    })
  } catch (error) {
    throw failed((error as Error).message)
  }
  const returned = findLink(host.socket, { name: onHost.name })
  if (returned) {
    restoreNames(host, returned, onHost)
    return returned
  }
  throw failed('it was moved, but is not there')
}

/**
 * Frees the host name of a device that is to be returned, if another lent device has that name. Two
 * devices may be lent under each other's names. If both sandboxes die, the kernel puts each on the
 * host under the other's name. To return the first, rename the second out of the way.
 * @param othersLent the other devices that are lent
 */
export function freeNameOf(
  host: NetworkNamespace,
  { onHost }: LentDevice,
  othersLent: () => LentDevice[],
): void {
  const holder = findLink(host.socket, { name: onHost.name })
  if (!holder || isSameDevice(holder, onHost)) return
  const isAstray = othersLent().some(
    (other) => isSameDevice(other.onHost, holder) && other.onHost.name !== holder.name,
  )
  if (isAstray) changeLink(host.socket, holder.index, { name: `lent${holder.index}` })
}

function returnFailure(onHost: Link, { namespace, link }: LocatedDevice, reason: string): Failure {
  return new Failure(
    'return-failed',
    `cannot return ${link.name} in ${namespace.name} to the host as ${onHost.name}: ${reason}`,
    `the device is in ${namespace.name} as ${link.name}; a later DEL tries again`,
  )
}
