import { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Request } from '../kernel/netlink/message.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { describeAddress, describeNeighbor, describeRoute } from './describe.js'
import { exactRemovals } from './exact-removal.js'
import { planState } from './plan.js'
import { removeAddresses } from './remove-addresses.js'
import { routeKey, wholeOf } from './routes.js'
import type { InterfaceAdditions } from './schema.js'

/** What tells a route of an interface from another: of IPv4 two may differ in anything. */
export function keyOf(route: Route): string {
  return route.family === 'inet' ? wholeOf(route) : routeKey(route)
}

/**
 * Both additions, each object once. Where the first were to another interface, which had the name before,
 * these are none of the second.
 */
export function joined(
  first: InterfaceAdditions | undefined,
  second: InterfaceAdditions,
): InterfaceAdditions {
  if (first?.index !== second.index) return second
  const { index, addresses, routes, neighbors } = second
  return {
    index,
    addresses: union(first.addresses, addresses, describeAddress),
    routes: union(first.routes, routes, keyOf),
    neighbors: union(first.neighbors, neighbors, describeNeighbor),
  }
}

function union<T>(first: T[], second: T[], key: (value: T) => string): T[] {
  const keys = new Set(second.map(key))
  return [...first.filter((value) => !keys.has(key(value))), ...second]
}

/**
 * Takes additions off an interface, and nothing else. What is already gone is not an error, not even the
 * interface: the plugin that made it may have removed it, or the device beneath it is gone.
 * @returns the routes that stay, for the kernel does not tell them from others there
 */
export function removeAdditions(sandbox: NetworkNamespace, added: InterfaceAdditions): string[] {
  try {
    return removeFromInterface(sandbox, added)
  } catch (error) {
    // The kernel refuses to list what an interface has that is not there.
    const isGone =
      error instanceof KernelError && error.is('ENODEV') && !findLink(sandbox.socket, added)
    if (isGone) return []
    throw error
  }
}

function removeFromInterface(sandbox: NetworkNamespace, added: InterfaceAdditions): string[] {
  const { socket } = sandbox
  const { index } = added
  const link = { index, name: '' }
  const { neighbors, addresses } = planState(link, link, {
    ...added,
    routes: [],
    up: false,
    rules: [],
    sysctls: [],
  })
  const { requests, staying } = exactRemovals(socket, index, added.routes)
  socket.requestAll([...requests, ...neighbors.map(({ request }) => removalOf(request))])
  const removals = addresses.map(({ value, request }) => ({ value, request: removalOf(request) }))
  removeAddresses(sandbox, index, removals)
  if (staying.length === 0) return []
  const { name = `#${index}` } = findLink(socket, { index }) ?? {}
  return staying.map((route) => describeRoute(route, name))
}

/** The number of each RTM_DEL… follows that of its RTM_NEW…. The object must have all that it states. */
function removalOf({ type, header, attributes = [] }: Request): Request {
  return { type: type + 1, header, attributes }
}
