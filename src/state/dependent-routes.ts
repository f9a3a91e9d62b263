import { isLinkLocal, prefixCovers } from '../kernel/ip-address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { isOnLink } from './routes.js'
import type { Captured } from './schema.js'

/** Of the addresses and routes of a device, those that are carried, or those left behind. */
interface Parts {
  addresses: Address[]
  routes: Route[]
}

/**
 * Leaves routes behind that only an address left behind makes possible: the kernel would refuse
 * them without it, or know no address to send from. Such a route has a gateway that only that
 * address reaches, or has no gateway and prefers that address as its source, or is an IPv4 route of
 * a device that goes without any IPv4 address.
 */
export function leaveDependentRoutes(
  routes: Captured<Route>[],
  addresses: Captured<Address>[],
  device: Pick<Link, 'index'>,
): Captured<Route>[] {
  const absent = addresses.filter(isAbsent)
  if (absent.length === 0) return routes
  const parts = (ofAddresses: Captured<Address>[], ofRoutes: Captured<Route>[]): Parts => ({
    addresses: ofAddresses.map(({ value }) => value),
    routes: ofRoutes.map(({ value }) => value),
  })
  const present = addresses.filter((one) => !isLeft(one))
  let judged = routes
  for (;;) {
    const carried = parts(
      present,
      judged.filter((one) => !isLeft(one)),
    )
    const left = parts(absent, judged.filter(isLeft))
    const isPossible = (one: Captured<Route>) =>
      isLeft(one) || !dependsOn(one.value, device, left, carried)
    if (judged.every(isPossible)) return judged
    // Again: a route that is left behind now may have been the way to another one's gateway.
    judged = judged.map((one) =>
      isPossible(one) ? one : { value: one.value, leftBehind: 'with-address' },
    )
  }
}

function isLeft({ leftBehind }: Captured<unknown>): boolean {
  return leftBehind !== undefined
}

/** Whether the sandbox goes without an address. The device has its own link-local one everywhere. */
export function isAbsent({ leftBehind }: Captured<Address>): boolean {
  return leftBehind !== undefined && leftBehind !== 'link-local'
}

function dependsOn(
  route: Route,
  device: Pick<Link, 'index'>,
  left: Parts,
  carried: Parts,
): boolean {
  const { family, preferredSource, nexthops } = route
  const absent = left.addresses.filter((address) => address.family === family)
  if (absent.length === 0) return false
  const hasAddress = carried.addresses.some((address) => address.family === family)
  if (family === 'inet' && !hasAddress) return true
  if (isOnLink(route)) return absent.some(({ local }) => local === preferredSource)
  return nexthops.some(
    ({ interfaceIndex, gateway, onlink }) =>
      interfaceIndex === device.index &&
      gateway !== undefined &&
      !onlink &&
      // That is on every link.
      !isLinkLocal(gateway) &&
      reaches(left, gateway) &&
      !reaches(carried, gateway),
  )
}

/** Whether a gateway is on the link by the prefix of an address, or by a route without gateway. */
function reaches({ addresses, routes }: Parts, gateway: string): boolean {
  return (
    addresses.some(
      ({ local, peer = local, prefixLength, flags }) =>
        (flags & ADDRESS_FLAG.noprefixroute) === 0 &&
        prefixCovers(`${peer}/${prefixLength}`, gateway),
    ) || routes.some((route) => isOnLink(route) && prefixCovers(route.destination, gateway))
  )
}
