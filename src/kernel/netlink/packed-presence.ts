import { addressBytes, splitPrefix } from '../ip-address.js'
import { bytes, encodeAttributes } from './attributes.js'
import { RTA } from './constants.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { foldRouteMessages } from './route-dump.js'
import { routePacker } from './route-packer.js'
import type { PackedRoutes } from './route-schema.js'

/**
 * Whether a device has all of some packed routes, and no other that is like them: then the kernel lists
 * the same ones in the same order.
 * @param index of the device
 * @param wanted through it
 * @returns false also where that cannot be seen at a glance
 */
export function arePackedThere(
  socket: NetlinkSocket,
  index: number,
  wanted: PackedRoutes[],
): boolean[] {
  const likes = new Set(wanted.map(({ like }) => JSON.stringify(like)))
  const first = encodeAttributes(
    wanted.map(({ like }) =>
      bytes(RTA.destination, addressBytes(splitPrefix(like.destination).address)),
    ),
  )
  const most = wanted.reduce((sum, { addresses }) => sum + addresses.length, 0)
  const begin = () =>
    routePacker({
      wanted: first,
      mayPack: (route) => likes.has(JSON.stringify(route)),
    })
  const packer = foldRouteMessages(socket, index, begin, (all, datagram, start, end) => {
    // In a pod's namespace the pod decides how many there are.
    if (all.count() > most) return undefined
    const next = all.take(datagram, start, end)
    all.forgetRest()
    return next
  })
  const present = new Map(
    packer.packed().map(({ like, addresses }) => [JSON.stringify(like), addresses]),
  )
  return wanted.map(({ like, addresses }) => present.get(JSON.stringify(like)) === addresses)
}
