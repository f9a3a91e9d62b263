import { Failure } from '../failure.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'

/**
 * The host device that the configuration names.
 * @throws Failure `device-not-found`, or `device-refused` for one that cannot be lent
 */
export function findDevice(host: Place, name: string): Link {
  const device = findLink(host.socket, { name })
  if (device?.loopback)
    throw new Failure(
      'device-refused',
      `cannot lend ${device.name}: every sandbox has a loopback device of its own`,
    )
  if (device) return device
  throw new Failure(
    'device-not-found',
    `failed to find host device: Link not found: there is no device ${JSON.stringify(name)} on the host`,
    'nothing was changed; a device that is lent is in its sandbox, not on the host',
  )
}
