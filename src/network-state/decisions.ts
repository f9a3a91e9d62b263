import type { Link } from '../kernel/objects/link.js'
import { describeAddress, describeNeighbor, describeRoute, describeRule } from './describe.js'
import type { Captured, HostNetworkState } from './model-schema.js'
import { REASONS } from './reasons.js'

/** What becomes of one thing that the host gave a device. */
export interface Decision {
  kind: 'address' | 'route' | 'rule' | 'neighbour'
  /** As `ip` would write it. */
  what: string
  /** Why it is left behind; undefined where it is carried. */
  why?: string
}

/** Tells of everything that was captured what becomes of it. */
export function decisionsOn(state: HostNetworkState, device: Link): Decision[] {
  return [
    ...decided('address', state.addresses, describeAddress),
    ...decided('route', state.routes, (route) => describeRoute(route, device.name)),
    ...decided('rule', state.rules, describeRule),
    ...decided('neighbour', state.neighbors, describeNeighbor),
  ]
}

function decided<T>(
  kind: Decision['kind'],
  things: Captured<T>[],
  describe: (value: T) => string,
): Decision[] {
  return things.map(({ value, leftBehind }) => ({
    kind,
    what: describe(value),
    ...(leftBehind === undefined ? {} : { why: REASONS[leftBehind].words }),
  }))
}
