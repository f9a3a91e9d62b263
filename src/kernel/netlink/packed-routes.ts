import { ADDRESS_BYTES, addressBytesIn, addressListBytes, splitPrefix } from '../ip-address.js'
import type { KernelError } from '../kernel-error.js'
import type { Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'
import { DESTINATION_START, newRouteRequest } from './route.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** A packed route that the kernel refused. */
interface RefusedRoute {
  value: Route
  request: Request
  error: KernelError
}

/** The routes, each by itself. */
export function unpackRoutes(packed: PackedRoutes): Route[] {
  return destinationsOf(packed).map((destination) => ({ ...packed.like, destination }))
}

/** The destinations of packed routes: "prefix/length". */
export function destinationsOf({ like, addresses }: PackedRoutes): string[] {
  const { length } = splitPrefix(like.destination)
  return addresses.split(' ').map((address) => `${address}/${length}`)
}

/** Whether one of the routes leads to a destination: "prefix/length". */
export function leadsTo({ like, addresses }: PackedRoutes, destination: string): boolean {
  const { address, length } = splitPrefix(destination)
  return (
    length === splitPrefix(like.destination).length && ` ${addresses} `.includes(` ${address} `)
  )
}

/**
 * Adds packed routes: one is encoded, and sent once for each destination.
 * @returns those that the kernel refused, by themselves
 */
export function addPackedRoutes(socket: NetlinkSocket, packed: PackedRoutes): RefusedRoute[] {
  const { like, addresses } = packed
  // All are of one family, as the list is parsed.
  addressBytesIn(like.family, addresses.split(' ', 1)[0] ?? '')
  const errors = socket.requestCopies(newRouteRequest(like), {
    start: DESTINATION_START,
    size: ADDRESS_BYTES[like.family],
    values: addressListBytes(addresses),
  })
  if (errors.size === 0) return []
  const destinations = destinationsOf(packed)
  return [...errors].map(([n, error]) => {
    const value = { ...like, destination: destinations[n] as string }
    return { value, request: newRouteRequest(value), error }
  })
}
