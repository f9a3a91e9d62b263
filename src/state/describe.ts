import { coversEverything } from '../kernel/ip-address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import {
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
  SCOPE,
  TABLE,
} from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import { lockedMetrics } from '../kernel/netlink/route-metrics.js'
import type { Nexthop, Route } from '../kernel/netlink/route-schema.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { REASONS, type Reason } from './reasons.js'
import type { Captured, HostNetworkState } from './schema.js'

/** The decision on one captured object. */
export interface Decision {
  kind: 'address' | 'route' | 'rule' | 'neighbour'
  /** The object in iproute2's notation. */
  what: string
  /** Why it is left behind, and the same in words; undefined if it is carried. */
  reason?: Reason
  why?: string
}

/** What devices are called, by their index. */
export type NameOf = (index: number) => string

/** Of other devices only the index is known, which is printed as "#3". */
export function onlyNameOf({ index, name }: Pick<Link, 'index' | 'name'>): NameOf {
  return (other) => (other === index ? name : `#${other}`)
}

/** The decisions on all captured objects. */
export function decisionsOn(
  state: HostNetworkState,
  device: Link,
  nameOf = onlyNameOf(device),
): Decision[] {
  return [
    ...decided('address', state.addresses, describeAddress),
    ...decided('route', state.routes, (route) => describeRoute(route, nameOf)),
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
    ...(leftBehind === undefined ? {} : { reason: leftBehind, why: REASONS[leftBehind].words }),
  }))
}

/** An address as `ip address` writes it, e.g. "198.51.100.5/24". */
export function describeAddress(address: Address): string {
  const peer = address.peer === undefined ? '' : ` peer ${address.peer}`
  return `${address.local}${peer}/${address.prefixLength}`
}

/**
 * A route as `ip route` writes it, e.g. "default via 198.51.100.1 dev net1 metric 100".
 * @param device the name of the one device that it leads through, or those of all
 */
export function describeRoute(route: Route, device: string | NameOf): string {
  const { nexthops } = route
  const named = (nexthop: Nexthop) =>
    describeNexthop(nexthop, typeof device === 'string' ? device : device(nexthop.interfaceIndex))
  return words([
    route.type !== ROUTE_TYPE.unicast && wordFor(route.type, ROUTE_TYPE),
    coversEverything(route.destination) ? 'default' : route.destination,
    route.source && `from ${route.source}`,
    route.typeOfService !== 0 && `tos ${route.typeOfService}`,
    nexthops.length === 1 && nexthops.map(named).join(''),
    route.table !== TABLE.main && `table ${wordFor(route.table, TABLE)}`,
    route.protocol !== ROUTE_PROTOCOL.boot && `proto ${wordFor(route.protocol, ROUTE_PROTOCOL)}`,
    route.scope !== SCOPE.universe && `scope ${wordFor(route.scope, SCOPE)}`,
    route.preferredSource && `src ${route.preferredSource}`,
    route.priority !== undefined && `metric ${route.priority}`,
    ...describeMetrics(route.metrics ?? {}),
    ...(nexthops.length > 1 ? nexthops : []).map(
      (nexthop) => `nexthop ${named(nexthop)} weight ${nexthop.weight}`,
    ),
  ])
}

/** A rule as `ip rule` writes it, e.g. "32765: from 198.51.100.5/32 lookup 10001". */
export function describeRule(rule: Rule): string {
  return words([
    rule.family === 'inet6' && '-6',
    `${rule.priority}:`,
    rule.invert && 'not',
    `from ${rule.from ?? 'all'}`,
    rule.to && `to ${rule.to}`,
    rule.typeOfService !== 0 && `tos ${rule.typeOfService}`,
    rule.firewallMark !== undefined &&
      `fwmark 0x${rule.firewallMark.toString(16)}/0x${(rule.firewallMask ?? 0xffffffff).toString(16)}`,
    rule.inputInterface && `iif ${rule.inputInterface}`,
    rule.outputInterface && `oif ${rule.outputInterface}`,
    rule.users && `uidrange ${rule.users}`,
    rule.protocol !== undefined && `ipproto ${rule.protocol}`,
    rule.sourcePorts && `sport ${rule.sourcePorts}`,
    rule.destinationPorts && `dport ${rule.destinationPorts}`,
    rule.action === RULE_ACTION.toTable
      ? `lookup ${wordFor(rule.table, TABLE)}`
      : wordFor(rule.action, RULE_ACTION),
    rule.suppressPrefixLength !== undefined && `suppress_prefixlength ${rule.suppressPrefixLength}`,
  ])
}

/** An entry as `ip neighbour` writes it, e.g. "198.51.100.1 lladdr 02:00:00:00:00:01 permanent". */
export function describeNeighbor(neighbor: Neighbor): string {
  return words([
    neighbor.address,
    neighbor.hardwareAddress && `lladdr ${neighbor.hardwareAddress}`,
    ...namesOfBits(neighbor.flags, NEIGHBOR_FLAG),
    ...namesOfBits(neighbor.state, NEIGHBOR_STATE),
  ])
}

function describeNexthop({ gateway, via, onlink }: Nexthop, deviceName: string): string {
  return words([
    gateway && `via ${gateway}`,
    via && `via ${via.family} ${via.address}`,
    `dev ${deviceName}`,
    onlink && 'onlink',
  ])
}

function describeMetrics(metrics: NonNullable<Route['metrics']>): string[] {
  const locked = lockedMetrics(metrics)
  return Object.entries(metrics)
    .filter(([name]) => name !== 'lock')
    .map(([name, value]) => `${name}${locked.includes(name) ? ' lock' : ''} ${value}`)
}

/** The name of a number, or the number itself if it has no name. */
function wordFor(number: number, names: Record<string, number>): string {
  return Object.keys(names).find((name) => names[name] === number) ?? `${number}`
}

/** The names of the bits that are set, lowest first. */
function namesOfBits(bits: number, names: Record<string, number>): string[] {
  return Object.keys(names).filter((name) => (bits & (names[name] ?? 0)) !== 0)
}

function words(parts: (string | false | undefined)[]): string {
  return parts.filter((part) => part).join(' ')
}
