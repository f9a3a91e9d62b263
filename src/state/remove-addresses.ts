import { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Request } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { routeRemoval } from '../kernel/netlink/route.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { warn, warnOfEach } from '../log.js'
import type { Addition } from './add-objects.js'
import { absentOf, addReachable } from './add-routes.js'
import { describeAddress } from './describe.js'
import { type Endangered, findEndangered, orderAround } from './endangered.js'
import { planState } from './plan.js'
import { describeForeign } from './stand-ins.js'

/**
 * Takes addresses off an interface, and nothing else. With the last IPv4 address the kernel takes all
 * IPv4 routes off, and with an address the secondary ones of its subnet (net.ipv4.conf.promote_secondaries).
 * These are put back; what cannot be is a warning.
 * @param removals the addresses, with the requests that remove them
 */
export function removeAddresses(
  namespace: NetworkNamespace,
  index: number,
  removals: Addition<Address>[],
): void {
  const { socket } = namespace
  const requests = removals.map(({ request }) => request)
  const endangered = findEndangered(
    socket,
    index,
    removals.map(({ value }) => value),
  )
  if (!endangered) {
    socket.requestAll(requests)
    return
  }
  const { device, omitted } = endangered
  const lost = removeAndPutBack(namespace, endangered, requests)
  warnOfEach(
    lost.map(
      ({ what, error }) =>
        `the ${what} is gone with the addresses that ADD gave ${device.name}, and cannot be put back: ${error.message}`,
    ),
  )
  if (omitted > 0)
    warn(
      `${omitted} more routes and addresses of ${device.name} may be gone with the addresses that ADD gave it: there are too many to be put back`,
    )
}

/** @returns what could not be put back */
function removeAndPutBack(
  namespace: NetworkNamespace,
  { device, addresses, routes }: Endangered,
  removals: Request[],
): { what: string; error: KernelError }[] {
  const { socket } = namespace
  const plan = planState(device, device, {
    up: false,
    addresses,
    routes,
    rules: [],
    neighbors: [],
    sysctls: [],
    order: orderAround(socket, routes),
  })
  const back = [...plan.addresses, ...plan.routes].map(({ request }) => request)
  const outcomes = requestAtOnce(socket, [
    ...routes.filter(leadsThroughOthers).map(routeRemoval),
    ...removals,
    ...back,
  ])
  const errors = outcomes.slice(outcomes.length - back.length)
  const refused = plan.routes.filter((_, n) => errors[plan.addresses.length + n])
  const absent = absentOf(socket, refused, { device: device.index })
  const lostRoutes = addReachable(socket, device, absent, plan.around).map(({ value, error }) => ({
    what: `route ${describeForeign(namespace, value, device)}`,
    error,
  }))
  const lostAddresses = plan.addresses.flatMap(({ value }, n) => {
    const error = errors[n]
    if (!error || error.is('EEXIST')) return []
    return [{ what: `address ${describeAddress(value)}`, error }]
  })
  return [...lostAddresses, ...lostRoutes]
}

/**
 * Sends all in one datagram, which the kernel carries out as a whole: however the call ends, nearly all
 * is there again.
 */
function requestAtOnce(socket: NetlinkSocket, requests: Request[]): (KernelError | undefined)[] {
  try {
    return socket.requestAll(requests, Number.POSITIVE_INFINITY)
  } catch (error) {
    // Where net.core.wmem_default is small.
    if (!(error instanceof KernelError) || !error.is('EMSGSIZE')) throw error
    return socket.requestAll(requests)
  }
}

/** The nexthop through this interface would stay dead in such a route. */
function leadsThroughOthers({ nexthops }: Route): boolean {
  return new Set(nexthops.map(({ interfaceIndex }) => interfaceIndex)).size > 1
}
