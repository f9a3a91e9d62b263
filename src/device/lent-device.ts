import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpLinks, findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { LentDevice } from './lent-device-schema.js'

/** A device and where it is now. */
export interface Whereabouts {
  place: NetworkNamespace
  link: Link
}

/**
 * Finds a lent device, in the first of the places that has it. The host should be
 * first: what looks like a device that is at home is not to be taken from a pod.
 */
export function locate(lent: LentDevice, places: NetworkNamespace[]): Whereabouts | undefined {
  for (const place of places) {
    const link = byIndex(place, lent) ?? byName(place, lent) ?? byIdentity(place, lent.onHost)
    if (link) return { place, link }
  }
  return undefined
}

/** Finds a device by what nobody else can have: where it may be anywhere, a name tells nothing. */
export function locateForSure(
  { onHost }: LentDevice,
  place: NetworkNamespace,
): Whereabouts | undefined {
  const link = byIdentity(place, onHost)
  return link && { place, link }
}

/** The index stays with a device, unless the sandbox already used that number. */
function byIndex(place: NetworkNamespace, { onHost }: LentDevice): Link | undefined {
  const link = findLink(place.socket, { index: onHost.index })
  return link && (isIdentical(link, onHost) || link.alias === onHost.name) ? link : undefined
}

/** The alias it was lent with tells it from another device of that name. */
function byName(place: NetworkNamespace, { onHost, nameInSandbox }: LentDevice): Link | undefined {
  const link = findLink(place.socket, { name: nameInSandbox })
  return link?.alias === onHost.name ? link : undefined
}

/** Whoever renamed it in the sandbox left it what it is. */
function byIdentity(place: NetworkNamespace, onHost: Link): Link | undefined {
  return dumpLinks(place.socket).find(
    (link) =>
      isIdentical(link, onHost) &&
      // A vlan or macvlan has the hardware address of the device it is made on.
      (link.alias === onHost.name || link.index === onHost.index || link.name === onHost.name),
  )
}

/** Whether two links are one device, wherever and whenever they were seen. */
export function isIdentical(link: Link, onHost: Link): boolean {
  if (onHost.parentDevice !== undefined) return link.parentDevice === onHost.parentDevice
  if (onHost.permanentAddress !== undefined)
    return link.permanentAddress === onHost.permanentAddress
  return link.hardwareAddress !== '' && link.hardwareAddress === onHost.hardwareAddress
}
