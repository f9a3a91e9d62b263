import type { Address } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import type { NexthopObject } from '../kernel/netlink/nexthop-object-schema.js'
import { unpackRoutes } from '../kernel/netlink/packed-routes.js'
import type { Nexthop, PackedRoutes, Route } from '../kernel/netlink/route-schema.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import type { Sysctl } from '../kernel/sysctl.js'
import { describeAddress, describeRoute, type NameOf, onlyNameOf } from './describe.js'
import { carried } from './reasons.js'
import { type Remark, remarkOnLeases } from './remarks.js'
import { givingMetric } from './route-metric.js'
import { asReported } from './routes.js'
import type { PackedState } from './schema.js'

/** State to apply to a device. */
export interface StateToApply {
  /** Whether to bring the device up. */
  up: boolean
  addresses: Address[]
  routes: Route[]
  /** More routes, each alone in its place. */
  packed?: PackedRoutes[]
  /**
   * The routes of the device in the order in which the host had them, with those that the kernel
   * makes. Absent if `routes` are new.
   */
  order?: Route[]
  /** Whether it is the host that gets it back. */
  isHost?: boolean
  nexthopObjects?: NexthopObject[]
  rules: Rule[]
  neighbors: Neighbor[]
  sysctls: Sysctl[]
  /** Whether IPv6 duplicate address detection runs. */
  detectDuplicates?: boolean
}

/** The routes of a state, each by itself. */
export function allRoutes({
  routes,
  packed = [],
}: Pick<StateToApply, 'routes' | 'packed'>): Route[] {
  return [...routes, ...packed.flatMap(unpackRoutes)]
}

/** The carried state. */
export interface CarriedState extends StateToApply {
  order: Route[]
  /** Differences from the host's state, as sentences for the operator. */
  remarks: string[]
}

/**
 * Selects the carried parts and adapts them to a namespace with only this device:
 * - leases become permanent addresses, unless they are to end;
 * - routes get another metric, if one is asked for;
 * - multipath routes keep only nexthops through the device;
 * - a preferred source that is not carried is dropped.
 * @param nameOf names the devices of multipath routes in the remarks
 */
export function carriedState(
  state: PackedState,
  device: Link,
  nameOf = onlyNameOf(device),
): CarriedState {
  const remarks: string[] = []
  const remark = (text: string) => void remarks.push(text)
  remarkOnLeases(state, device, nameOf, remark)
  const adaptAddress = state.keepsLifetimes ? withItsLifetime : madePermanent
  const addresses = carried(state.addresses).map((address) => adaptAddress(address, remark))
  const locals = new Set(addresses.map(({ local }) => local))
  const giveMetric = givingMetric(carried(state.routes), state.routeMetric)
  const adapt = (route: Route) => {
    const own = ownNexthopsOnly(withoutObject(route), device, nameOf, remark)
    return giveMetric(withCarriedSource(own, locals, nameOf, remark))
  }
  const order: Route[] = []
  const routes: Route[] = []
  for (const { value, leftBehind } of state.routes) {
    if (leftBehind === 'kernel-made') order.push(value)
    if (leftBehind !== undefined) continue
    const route = adapt(value)
    order.push(route)
    routes.push(route)
  }
  const packed: PackedRoutes[] = []
  for (const one of carried(state.packed ?? [])) {
    // Each has lost its source, and a remark says so.
    if (!hasCarriedSource(one.like, locals))
      for (const route of unpackRoutes(one)) routes.push(adapt(route))
    else packed.push({ ...one, like: giveMetric(one.like) })
  }
  return {
    up: true,
    addresses,
    routes,
    ...(packed.length === 0 ? {} : { packed }),
    order,
    rules: carried(state.rules),
    neighbors: carried(state.neighbors),
    sysctls: state.sysctls,
    remarks,
  }
}

function madePermanent(address: Address, remark: Remark): Address {
  const { validSeconds, preferredSeconds, ...permanent } = address
  if (validSeconds === undefined) return address
  remark(
    `the lease of ${describeAddress(address)} is carried as a permanent address: ` +
      `nobody renews it in the sandbox, and it had ${validSeconds} seconds left`,
  )
  return permanent
}

function withItsLifetime(address: Address, remark: Remark): Address {
  const { validSeconds } = address
  if (validSeconds !== undefined)
    remark(
      `the lease of ${describeAddress(address)} ends in the sandbox when it would have on the host, ` +
        `after ${validSeconds} seconds: the kernel then removes the address`,
    )
  return address
}

/** Nexthop objects are the host's: a route is carried by what its object stands for. */
function withoutObject(route: Route): Route {
  if (route.nexthopObject === undefined) return route
  const { nexthopObject, ...rest } = route
  return rest
}

function ownNexthopsOnly(route: Route, device: Link, nameOf: NameOf, remark: Remark): Route {
  const isOwn = ({ interfaceIndex }: Nexthop) => interfaceIndex === device.index
  if (route.nexthops.every(isOwn)) return route
  remark(`of the route ${describeRoute(route, nameOf)} only what leaves by the device is carried`)
  const nexthops = route.nexthops.filter(isOwn)
  // Of IPv6, others may join it there.
  return { ...route, nexthops: route.family === 'inet' ? asReported(nexthops) : nexthops }
}

function withCarriedSource(
  route: Route,
  locals: Set<string>,
  nameOf: NameOf,
  remark: Remark,
): Route {
  if (hasCarriedSource(route, locals)) return route
  const { preferredSource, ...rest } = route
  remark(
    `the route ${describeRoute(route, nameOf)} is carried without its source ` +
      `${preferredSource}, an address that stays behind`,
  )
  return rest
}

function hasCarriedSource({ preferredSource }: Route, locals: Set<string>): boolean {
  return preferredSource === undefined || locals.has(preferredSource)
}
