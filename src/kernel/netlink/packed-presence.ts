import { addressBytes, splitPrefix } from '../ip-address.js'
import { bytes, encodeAttributes, u32 } from './attributes.js'
import { RTA } from './constants.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { destinationsOf } from './packed-routes.js'
import { foldRouteMessages } from './route-dump.js'
import { routePacker } from './route-packer.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** So many routes are decoded that are like none of those looked for: a pod may have any number. */
const MOST_UNLIKE = 5000

/**
 * The destinations of packed routes that a device has not; also those that are not seen at a glance.
 * Mostly there are none: the kernel lists the same ones in the same order.
 * @param index of the device
 * @param wanted through it
 * @returns for each of these
 */
export function missingOfPacked(
  socket: NetlinkSocket,
  index: number,
  wanted: PackedRoutes[],
): string[][] {
  const kinds = new Set(wanted.map(({ like }) => kindOf(like)))
  // Not by a destination: any may be missing, and other routes may be between them.
  const attributes = encodeAttributes(
    wanted.map(({ like: { nexthops } }) => {
      const gateway = nexthops[0]?.gateway
      return gateway === undefined
        ? u32(RTA.outputInterface, index)
        : bytes(RTA.gateway, addressBytes(gateway))
    }),
  )
  const most = wanted.reduce((sum, { addresses }) => sum + addresses.length, 0)
  let unlike = 0
  const begin = () => {
    unlike = 0
    return routePacker({
      wanted: attributes,
      mayPack: (route) => kinds.has(kindOf(route)),
    })
  }
  const among = { device: index, wanted: { device: index } }
  const packer = foldRouteMessages(socket, among, begin, (all, datagram, start, end) => {
    // In a pod's namespace the pod decides how many there are.
    if (all.count() > most || unlike > MOST_UNLIKE) return undefined
    const next = all.take(datagram, start, end)
    for (const { route, kind } of all.rest()) if (route && !kind) unlike++
    all.forgetRest()
    return next
  })
  const present = packer.packed()
  return wanted.map(({ like, addresses }) => {
    const kind = kindOf(like)
    const alike = present.filter((one) => kindOf(one.like) === kind)
    if (alike.some((one) => one.addresses === addresses)) return []
    const found = new Set(alike.flatMap(destinationsOf))
    return destinationsOf({ like, addresses }).filter((destination) => !found.has(destination))
  })
}

/** A text that is the same for routes that differ in the address of their destination only. */
function kindOf(route: Route): string {
  const { length } = splitPrefix(route.destination)
  return JSON.stringify({ ...route, destination: length })
}
