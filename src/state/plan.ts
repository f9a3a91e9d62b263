import type { Address } from '../kernel/netlink/address-schema.js'
import { NEIGHBOR_FLAG, NEIGHBOR_STATE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Request } from '../kernel/netlink/message.js'
import { newNeighborRequest } from '../kernel/netlink/neighbor.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import type { NexthopObject } from '../kernel/netlink/nexthop-object-schema.js'
import { unpackRoutes } from '../kernel/netlink/packed-routes.js'
import { newRouteRequest } from '../kernel/netlink/route.js'
import type { PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import { ruleRequest } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import type { Sysctl } from '../kernel/sysctl.js'
import type { Addition } from './add-objects.js'
import type { StateToApply } from './carry.js'
import { planAddresses } from './plan-addresses.js'
import type { Surroundings } from './route-place.js'
import { isOnLink, placeOf } from './routes.js'
import { byIndex, through } from './through.js'

/** What a request needs of a device. */
type Device = Pick<Link, 'index' | 'name'>

/** Requests that apply a state, in order. */
export interface StatePlan {
  up: boolean
  /** Set before the device comes up: some take effect at that moment. */
  sysctls: Sysctl[]
  addresses: Addition<Address>[]
  /** Sent after the addresses: these requests remove the `nodad` flag again. */
  detection: Request[]
  rules: Addition<Rule>[]
  routes: Addition<Route>[]
  packed: PackedRoutes[]
  /**
   * The routes that the device had on the host: others that the kernel makes with the addresses are
   * removed. Absent where the device may have some besides, of its own.
   */
  hadRoutes?: Route[]
  /** Asked for only where a place is taken. */
  around?: () => Surroundings
  nexthopObjects: NexthopObject[]
  /** Whether the device is to have IPv6 if it is given an address of that; default true. */
  enablesIpv6?: boolean
  /** Whether nexthop objects may wait for a carrier; default true. */
  waitForCarrier?: boolean
  neighbors: Addition<Neighbor>[]
}

/**
 * Builds the requests without sending them.
 * @param original the device as it was when the state was captured
 * @param device the device to apply the state to; its index and name may differ
 */
export function planState(original: Device, device: Device, state: StateToApply): StatePlan {
  return {
    up: state.up,
    sysctls: state.sysctls,
    ...planAddresses(original, device, state.addresses, state.detectDuplicates === true),
    rules: state.rules
      .map((rule) => aboutDevice(original, device, rule))
      .map((value) => ({ value, request: ruleRequest(value, 'add') })),
    routes: planRoutes(original, device, state.routes),
    packed: (state.packed ?? []).map(({ like, addresses }) => ({
      like: through(original, device, like),
      addresses,
    })),
    ...planSurroundings(original, device, state),
    nexthopObjects: (state.nexthopObjects ?? []).map((object) =>
      object.nexthop ? { ...object, nexthop: byIndex(original, device, object.nexthop) } : object,
    ),
    neighbors: state.neighbors.map((value) => ({
      value,
      request: newNeighborRequest(asConfigured(value), device.index),
    })),
  }
}

/** Replaces the device's old name in a rule. */
export function aboutDevice(
  original: Pick<Link, 'name'>,
  device: Pick<Link, 'name'>,
  rule: Rule,
): Rule {
  const renamed = (name: string | undefined) => (name === original.name ? device.name : name)
  const inputInterface = renamed(rule.inputInterface)
  const outputInterface = renamed(rule.outputInterface)
  return {
    ...rule,
    ...(inputInterface === undefined ? {} : { inputInterface }),
    ...(outputInterface === undefined ? {} : { outputInterface }),
  }
}

/**
 * Puts routes without a gateway first: a gateway must be reachable when its route is added. This
 * makes one pass enough on nearly every host. In one place the order stays: the kernel takes the first.
 */
function planRoutes(original: Device, device: Device, routes: Route[]): Addition<Route>[] {
  const direct: Route[] = []
  const others: Route[] = []
  const taken = new Set<string>()
  for (const route of routes) {
    const place = placeOf(route)
    if (isOnLink(route) && !taken.has(place)) direct.push(route)
    else {
      others.push(route)
      taken.add(place)
    }
  }
  return [...direct, ...others].map((route) => {
    const value = through(original, device, route)
    return { value, request: newRouteRequest(value) }
  })
}

function planSurroundings(
  original: Device,
  device: Device,
  { order, packed = [], addresses, isHost = false }: StateToApply,
): Pick<StatePlan, 'around'> {
  if (!order) return {}
  return {
    around: () => ({
      order: [...order, ...packed.flatMap(unpackRoutes)].map((route) =>
        through(original, device, route),
      ),
      addresses,
      isHost,
    }),
  }
}

/** A learned entry is added as `stale`, so that the kernel confirms it before use. */
function asConfigured(neighbor: Neighbor): Neighbor {
  const configured = NEIGHBOR_STATE.permanent | NEIGHBOR_STATE.noarp
  if (neighbor.state & configured || neighbor.flags & NEIGHBOR_FLAG.proxy) return neighbor
  return { ...neighbor, state: NEIGHBOR_STATE.stale }
}
