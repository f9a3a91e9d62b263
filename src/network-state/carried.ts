import type { Address } from '../kernel/objects/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Neighbor } from '../kernel/objects/neighbor.js'
import type { Route } from '../kernel/objects/route.js'
import type { Rule } from '../kernel/objects/rule.js'
import type { Sysctl } from '../kernel/objects/sysctl.js'
import { describeAddress, describeRoute } from './describe.js'
import type { Captured, HostNetworkState } from './model-schema.js'
import { REASONS } from './reasons.js'

/** What is to be given to a device, in the kernel's order. */
export interface StateToApply {
  /** Whether the device is to be brought up. */
  up: boolean
  addresses: Address[]
  routes: Route[]
  rules: Rule[]
  neighbors: Neighbor[]
  sysctls: Sysctl[]
  /** Whether somebody else may have the addresses. */
  detectDuplicates?: boolean
}

/** What goes with the device into the sandbox. */
export interface CarriedState extends StateToApply {
  /** What is not quite as it was on the host, in words for the operator. */
  remarks: string[]
}

/**
 * Selects what is carried, and makes it fit a place where only the device is:
 * leases become permanent, of a multipath route the device's own hops remain, and
 * no route prefers a source address that did not come along.
 */
export function carriedState(state: HostNetworkState, device: Link): CarriedState {
  const remarks: string[] = []
  const remark = (text: string) => void remarks.push(text)
  const addresses = carried(state.addresses).map((address) => madePermanent(address, remark))
  const locals = new Set(addresses.map(({ local }) => local))
  const routes = carried(state.routes)
    .map((route) => ownHopsOnly(route, device, remark))
    .map((route) => withCarriedSource(route, locals, device, remark))
  return {
    up: true,
    addresses,
    routes,
    rules: carried(state.rules),
    neighbors: carried(state.neighbors),
    sysctls: state.sysctls,
    remarks,
  }
}

/**
 * What the device must get back on the host: all but what is there again by
 * itself. Rules never left.
 * @param elapsedSeconds since it was captured: what has expired meanwhile is gone
 */
export function stateToRestore(
  state: HostNetworkState,
  device: Link,
  elapsedSeconds = 0,
): StateToApply {
  const left = (seconds: number) => seconds - elapsedSeconds
  return {
    up: device.up,
    addresses: lost(state.addresses).flatMap((address) => {
      const { validSeconds, preferredSeconds } = address
      if (validSeconds === undefined) return address
      if (left(validSeconds) <= 0) return []
      const preferred = Math.max(0, left(preferredSeconds ?? validSeconds))
      return { ...address, validSeconds: left(validSeconds), preferredSeconds: preferred }
    }),
    routes: lost(state.routes).flatMap((route) => {
      if (route.expiresSeconds === undefined) return route
      return left(route.expiresSeconds) <= 0
        ? []
        : { ...route, expiresSeconds: left(route.expiresSeconds) }
    }),
    rules: [],
    neighbors: lost(state.neighbors),
    sysctls: state.sysctls,
  }
}

/** Of things that were captured, those that go with the device. */
export function carried<T>(captured: Captured<T>[]): T[] {
  return captured.flatMap(({ value, leftBehind }) => (leftBehind === undefined ? [value] : []))
}

function lost<T>(captured: Captured<T>[]): T[] {
  return captured.flatMap(({ value, leftBehind }) =>
    leftBehind !== undefined && REASONS[leftBehind].returnsByItself ? [] : [value],
  )
}

type Remark = (text: string) => void

function madePermanent(address: Address, remark: Remark): Address {
  const { validSeconds, preferredSeconds, ...permanent } = address
  if (validSeconds === undefined) return address
  remark(
    `the lease of ${describeAddress(address)} is carried as a permanent address: ` +
      `nobody renews it in the sandbox, and it had ${validSeconds} seconds left`,
  )
  return permanent
}

function ownHopsOnly(route: Route, device: Link, remark: Remark): Route {
  const hops = route.hops.filter((hop) => hop.interfaceIndex === device.index)
  if (hops.length === route.hops.length) return route
  remark(
    `of the route ${describeRoute(route, device.name)} only what leaves by the device is carried`,
  )
  return { ...route, hops }
}

function withCarriedSource(route: Route, locals: Set<string>, device: Link, remark: Remark): Route {
  const { preferredSource, ...rest } = route
  if (preferredSource === undefined || locals.has(preferredSource)) return route
  remark(
    `the route ${describeRoute(route, device.name)} is carried without its source ` +
      `${preferredSource}, an address that stays behind`,
  )
  return rest
}
