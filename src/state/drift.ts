import { canonicalPrefix } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { foldAddresses } from '../kernel/netlink/address.js'
import { NEIGHBOR_FLAG, NEIGHBOR_STATE, TABLE } from '../kernel/netlink/constants.js'
import { lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { foldNeighbors } from '../kernel/netlink/neighbor.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { ruleRequest } from '../kernel/netlink/rule.js'
import { type Sysctl, valueOfSysctl } from '../kernel/sysctl.js'
import { tryToApply } from './apply.js'
import { type Assignment, assignedState } from './assigned.js'
import { allRoutes, type StateToApply } from './carry.js'
import { describeAddress, describeNeighbor, describeRoute, describeRule } from './describe.js'
import { missingRoutes } from './missing-routes.js'
import { planState } from './plan.js'
import type { Refusal } from './refusal.js'
import { absentRules } from './rules.js'
import { withTimeLeft } from './state-to-restore.js'
import { type AppliedState, beyond, prefixOf } from './verify.js'

/** What a device lacks, and whether it is down. */
export type Drift = StateToApply

/**
 * What a device in a sandbox lacks of the state that was applied to it.
 * @param applied its rules are named as in the sandbox, and only those that may be put back
 * @param reported what the runtime's result has of the device now: what it no longer has is not
 *   missing. Undefined if nobody knows; then all of the state is wanted
 */
export function driftOf(
  sandbox: NetworkNamespace,
  device: Link,
  applied: AppliedState,
  reported: Assignment | undefined,
): Drift {
  const { socket } = sandbox
  const { state, elapsedSeconds: elapsed } = applied
  const wanted = reported ?? allOf(state)
  const listed = new Set(wanted.ips?.map(({ address }) => canonicalPrefix(address)))
  const valid = state.addresses.flatMap((address) => withTimeLeft(address, elapsed) ?? [])
  return {
    up: !device.up,
    addresses: lacking(
      valid.filter((address) => listed.has(prefixOf(address))),
      describeAddress,
      foldAddresses(socket, device.index),
    ),
    routes: missingRoutes(sandbox, device, allRoutes(state), wanted, elapsed).map((route) =>
      route.expiresSeconds === undefined
        ? route
        : { ...route, expiresSeconds: route.expiresSeconds - elapsed },
    ),
    rules: absentRules(socket, state.rules),
    neighbors: lacking(
      state.neighbors.filter(isConfigured),
      describeNeighbor,
      foldNeighbors(socket, device.index),
    ),
    sysctls: changedSysctls(sandbox, device, state.sysctls),
  }
}

/**
 * What a device lacks of an IPAM plugin's assignment, as the runtime's result has it. A route may be
 * in any table and on any device, where a later plugin has moved it.
 */
export function assignedDriftOf(
  { socket }: NetworkNamespace,
  device: Link,
  carried: StateToApply,
  reported: Assignment | undefined,
): Drift {
  const assigned = assignedState(beyond(reported ?? {}, carried), device)
  const { addresses, routes } = assigned
  return {
    ...assigned,
    up: false,
    addresses: lacking(addresses, prefixOf, foldAddresses(socket, device.index)),
    routes: lacking(routes, destinationOf, (begin, take) =>
      foldRoutes(socket, { destinations: routes.map(destinationOf) })(begin, (left, route) => {
        if (route.table !== TABLE.local) take(left, route)
      }),
    ),
    sysctls: [],
  }
}

/** Whether a device has all that it should have. */
export function isNothing(drift: Drift): boolean {
  const { addresses, routes, rules, neighbors, sysctls } = drift
  return !drift.up && [addresses, routes, rules, neighbors, sysctls].every((all) => !all.length)
}

/** What is put back, in words: each is one that `putBack` names in a refusal. */
export function describeDrift(drift: Drift, { name }: Pick<Link, 'name'>): string[] {
  return [
    ...(drift.up ? ['up-state'] : []),
    ...drift.sysctls.map((sysctl) => `sysctl ${sysctl.name}`),
    ...drift.addresses.map((address) => `address ${describeAddress(address)}`),
    ...drift.rules.map((rule) => `rule ${describeRule(rule)}`),
    ...drift.routes.map((route) => `route ${describeRoute(route, name)}`),
    ...drift.neighbors.map((neighbor) => `neighbour ${describeNeighbor(neighbor)}`),
  ]
}

/**
 * Puts back what a device lacks.
 * @param whole all of the state: it says in which order routes are, and which the kernel makes
 * @returns what the kernel refused
 * @throws KernelError if the device cannot be brought up
 */
export function putBack(
  sandbox: NetworkNamespace,
  original: Link,
  device: Link,
  drift: Drift,
  whole: StateToApply,
): Refusal[] {
  if (isNothing(drift)) return []
  const { around } = planState(original, device, whole)
  const plan = planState(original, device, { ...drift, rules: [] })
  // They have the names of the sandbox already.
  const rules = drift.rules.map((value) => ({ value, request: ruleRequest(value, 'add') }))
  return tryToApply(sandbox, device, { ...plan, rules, ...(around ? { around } : {}) })
}

/** All of a state, as a result would have it. */
function allOf(state: StateToApply): Assignment {
  return {
    ips: state.addresses.map((address) => ({ address: prefixOf(address) })),
    routes: allRoutes(state).map((route) => {
      const gw = route.nexthops[0]?.gateway
      return { dst: route.destination, ...(gw === undefined ? {} : { gw }) }
    }),
  }
}

const destinationOf = ({ destination }: Route) => destination

/** Whether an entry stays until someone removes it. Others come and go by themselves. */
function isConfigured({ state, flags }: Neighbor): boolean {
  const lasting = NEIGHBOR_STATE.permanent | NEIGHBOR_STATE.noarp
  return (state & lasting) !== 0 || (flags & NEIGHBOR_FLAG.proxy) !== 0
}

/** Sysctls that have another value now, or cannot be read. */
function changedSysctls(sandbox: NetworkNamespace, device: Link, wanted: Sysctl[]): Sysctl[] {
  if (wanted.length === 0) return []
  return sandbox.run(() =>
    wanted.filter(({ name, value }) => valueOfSysctl(name, device.name) !== value),
  )
}
