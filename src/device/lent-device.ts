import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import type { LentDevice } from './lent-device-schema.js'

/** A device and where it is now. */
export interface Whereabouts {
  place: Place
  link: Link
}

/**
 * Finds a lent device, in the first of the places that has it. The host should be
 * first: what looks like a device that is at home is not to be taken from a pod.
 * Its index stays with it unless the sandbox already used that number; then its
 * name and the alias it was lent with tell.
 */
export function locate(lent: LentDevice, places: Place[]): Whereabouts | undefined {
  for (const place of places) {
    const link = byIndex(place, lent) ?? byAlias(place, lent)
    if (link) return { place, link }
  }
  return undefined
}

function byIndex(place: Place, { onHost }: LentDevice): Link | undefined {
  const link = findLink(place.socket, { index: onHost.index })
  return link?.hardwareAddress === onHost.hardwareAddress ? link : undefined
}

function byAlias(place: Place, { onHost, nameInSandbox }: LentDevice): Link | undefined {
  const link = findLink(place.socket, { name: nameInSandbox })
  return link?.alias === onHost.name ? link : undefined
}
