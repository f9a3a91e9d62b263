import type { Result, ResultAddress, ResultInterface, ResultRoute } from './result-schema.js'

/** The table of a route that names none. */
const TABLE_MAIN = 254

/** What one call adds to a result: an interface with its addresses and routes. */
export interface Contribution {
  interface: ResultInterface
  ips: Omit<ResultAddress, 'interface'>[]
  routes: ResultRoute[]
}

/**
 * Merges what this plugin did into the result of the plugins before it. An interface of the
 * same name and sandbox is replaced in place, so that the indexes of `ips[].interface` stay
 * right. Nothing is listed twice.
 */
export function mergeIntoResult(previous: Result | undefined, contribution: Contribution): Result {
  const interfaces = [...(previous?.interfaces ?? [])]
  const index = place(interfaces, contribution.interface)
  const ips = contribution.ips.map((ip) => ({ ...ip, interface: index }))
  return {
    ...previous,
    interfaces,
    ...listed('ips', union(previous?.ips, ips, addressKey)),
    ...listed('routes', union(previous?.routes, contribution.routes, routeKey)),
  }
}

/** Puts an interface into the list; returns its index. */
function place(interfaces: ResultInterface[], ours: ResultInterface): number {
  const found = interfaces.findIndex(
    ({ name, sandbox }) => name === ours.name && sandbox === ours.sandbox,
  )
  if (found === -1) return interfaces.push(ours) - 1
  interfaces[found] = { ...interfaces[found], ...ours }
  return found
}

function union<T>(previous: T[] | undefined, ours: T[], key: (item: T) => string): T[] {
  const known = new Set(previous?.map(key))
  return [...(previous ?? []), ...ours.filter((item) => !known.has(key(item)))]
}

const addressKey = ({ address, interface: index }: ResultAddress) => `${address} ${index}`

const routeKey = ({ dst, gw, table, priority }: ResultRoute) =>
  [dst, gw ?? '', table ?? TABLE_MAIN, priority ?? ''].join(' ')

/** An empty list is left out of a result. */
function listed<K extends string, T>(key: K, items: T[]): { [key in K]?: T[] } {
  return items.length > 0 ? ({ [key]: items } as { [key in K]: T[] }) : {}
}
