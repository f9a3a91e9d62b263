import {
  isAmong,
  PACKED,
  type PackedResult,
  type PackedResultRoutes,
  unpackResultRoutes,
} from './packed-result.js'
import type { Result, ResultAddress, ResultInterface, ResultRoute } from './result-schema.js'

/** Table of a route without `table`. */
const TABLE_MAIN = 254

/** What one call adds to a result: an interface, its addresses and its routes. */
export interface Contribution {
  interface: ResultInterface
  ips: Omit<ResultAddress, 'interface'>[]
  routes: ResultRoute[]
  packed?: PackedResultRoutes[]
}

/**
 * Merges a contribution into the result of the earlier plugins. An interface with the same name and
 * sandbox is replaced in place, so that the indexes in `ips[].interface` stay valid. Addresses and
 * routes that are already listed are not added again.
 */
export function mergeIntoResult(
  previous: Result | undefined,
  contribution: Contribution,
): PackedResult {
  const interfaces = [...(previous?.interfaces ?? [])]
  const index = place(interfaces, contribution.interface)
  const ips = contribution.ips.map((ip) => ({ ...ip, interface: index }))
  const { packed = [] } = contribution
  const listedBefore = packed.filter((one) => mayList(previous?.routes, one))
  const apart = listedBefore.flatMap(unpackResultRoutes)
  const rest = packed.filter((one) => !listedBefore.includes(one))
  return {
    ...previous,
    interfaces,
    ...listed('ips', union(withoutDanglingIndex(previous), ips, addressKey)),
    ...listed('routes', union(previous?.routes, [...contribution.routes, ...apart], routeKey)),
    ...(rest.length > 0 ? { [PACKED]: rest } : {}),
  }
}

/** The addresses of earlier plugins. An index of no interface would become that of ours. */
function withoutDanglingIndex({ ips, interfaces = [] }: Result = {}): ResultAddress[] | undefined {
  return ips?.map(({ interface: index, ...ip }) =>
    index === undefined || index >= interfaces.length ? ip : { ...ip, interface: index },
  )
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
  const isNew = (item: T) => known.size < known.add(key(item)).size
  return [...(previous ?? []), ...ours.filter(isNew)]
}

const addressKey = ({ address, interface: index }: ResultAddress) => `${address} ${index}`

const routeKey = ({ dst, gw, table, priority }: ResultRoute) =>
  [dst, gw ?? '', table ?? TABLE_MAIN, priority ?? ''].join(' ')

/** More routes than this are not looked for one after the other. */
const MOST_LOOKED_FOR = 100

/** Whether earlier plugins may have listed one of these routes. */
function mayList(previous: ResultRoute[] = [], packed: PackedResultRoutes): boolean {
  if (previous.length > MOST_LOOKED_FOR) return true
  return previous.some((route) => isAmong(route, packed))
}

/** An empty list is left out of the result. */
function listed<K extends string, T>(key: K, items: T[]): { [key in K]?: T[] } {
  return items.length > 0 ? ({ [key]: items } as { [key in K]: T[] }) : {}
}
