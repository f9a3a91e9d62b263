import { sysctlsIn } from '../kernel/link-settings.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { unpacked } from './packed.js'
import type { Part, Refusal } from './refusal.js'
import { placeOf } from './routes.js'
import type { Original } from './schema.js'
import { behindAdvertised } from './state-to-restore.js'

/**
 * What is still to be restored of a device that is home.
 * @param refusals what `restoreHostState` could not restore
 * @returns what to restore later in the same way; undefined if there is nothing
 */
export function outstandingOf(original: Original, refusals: Refusal[]): Original | undefined {
  const parts = refusals.flatMap(({ part, again }) => (part && again ? [part] : []))
  if (parts.length === 0) return undefined
  return parts.some(({ kind }) => kind === 'everything') ? original : reducedTo(parts, original)
}

function reducedTo(parts: Part[], { onHost, state: packed }: Original): Original {
  const state = unpacked(packed)
  const keys = new Set(parts.map(keyOf))
  const isWanted = (part: Part) => keys.has(keyOf(part))
  // With the others in the same places, beside which they are to be; and with those that lead through
  // some members of a group only, until it is whole: till then a stand-in may lead through another.
  const inPlace = (value: Route) =>
    isWanted({ kind: 'route', value }) ||
    (value.family === 'inet' && keys.has(`nexthop object ${value.nexthopObject}`))
  const routes = state.routes.filter(({ value }) => inPlace(behindAdvertised(value, onHost)))
  const shared = state.shared?.filter(inPlace) ?? []
  const sources = new Set(
    [...routes.map(({ value }) => value), ...shared].map(({ preferredSource }) => preferredSource),
  )
  const { settings, master, ...link } = onHost
  const token = keys.has('token') ? settings?.token : undefined
  return {
    // If somebody has brought it down or changed its settings since, that was on purpose.
    onHost: { ...link, up: false, ...(token === undefined ? {} : { settings: { token } }) },
    state: {
      addresses: state.addresses.filter(
        ({ value }) => isWanted({ kind: 'address', value }) || sources.has(value.local),
      ),
      routes,
      shared,
      nexthopObjects: (state.nexthopObjects ?? []).filter(({ id }) =>
        isWanted({ kind: 'nexthop object', id }),
      ),
      rules: [],
      neighbors: state.neighbors.filter(({ value }) => isWanted({ kind: 'neighbour', value })),
      sysctls: parts.flatMap((part) => (part.kind === 'sysctl' ? [part.value] : [])),
    },
  }
}

/** What tells a part from the others, without what changes by itself or with the device's index. */
function keyOf(part: Part): string {
  switch (part.kind) {
    case 'address': {
      const { local, prefixLength, peer } = part.value
      return JSON.stringify([part.kind, local, prefixLength, peer])
    }
    case 'route':
      return `${part.kind} ${placeOf(part.value)}`
    case 'neighbour':
      return `${part.kind} ${part.value.address}`
    case 'sysctl':
      return `${part.kind} ${part.value.name}`
    case 'nexthop object':
      return `${part.kind} ${part.id}`
    case 'token':
    case 'everything':
      return part.kind
  }
}

/** Two that are outstanding of one device, as one. */
export function joinedOutstanding(one: Original, other: Original): Original {
  const [first, second] = [unpacked(one.state), unpacked(other.state)]
  const settings = { ...one.onHost.settings, ...other.onHost.settings }
  const join = <T>(some: T[] = [], more: T[] = []) => {
    const known = new Set(some.map((value) => JSON.stringify(value)))
    return [...some, ...more.filter((value) => !known.has(JSON.stringify(value)))]
  }
  return {
    onHost: {
      ...other.onHost,
      ...(sysctlsIn(settings).length || settings.token ? { settings } : {}),
    },
    state: {
      ...second,
      addresses: join(first.addresses, second.addresses),
      routes: join(first.routes, second.routes),
      shared: join(first.shared, second.shared),
      nexthopObjects: join(first.nexthopObjects, second.nexthopObjects),
      neighbors: join(first.neighbors, second.neighbors),
      sysctls: join(first.sysctls, second.sysctls),
    },
  }
}
