import { lockedMetrics } from '../kernel/netlink/route-metrics.js'
import type { Address } from '../kernel/objects/address.js'
import type { Neighbor } from '../kernel/objects/neighbor.js'
import type { Hop, Route } from '../kernel/objects/route.js'
import type { Rule } from '../kernel/objects/rule.js'

const TABLE_NAMES: Record<number, string> = { 253: 'default', 254: 'main', 255: 'local' }
const TABLE_MAIN = 254
const SCOPE_NAMES: Record<number, string> = { 200: 'site', 253: 'link', 254: 'host' }

/** An address as `ip address` writes it, e.g. "198.51.100.5/24". */
export function describeAddress(address: Address): string {
  const peer = address.peer === undefined ? '' : ` peer ${address.peer}`
  return `${address.local}${peer}/${address.prefixLength}`
}

/** A route as `ip route` writes it, e.g. "default via 198.51.100.1 dev net1 metric 100". */
export function describeRoute(route: Route, deviceName: string): string {
  const own = route.hops[0]?.interfaceIndex
  return words([
    route.type !== 'UNICAST' && String(route.type).toLowerCase(),
    isDefault(route) ? 'default' : route.destination,
    route.source && `from ${route.source}`,
    route.typeOfService !== 0 && `tos ${route.typeOfService}`,
    route.hops.length === 1 && describeHop(route.hops[0], deviceName),
    route.table !== TABLE_MAIN && `table ${tableName(route.table)}`,
    route.protocol !== 'BOOT' && `proto ${String(route.protocol).toLowerCase()}`,
    route.scope !== 0 && `scope ${SCOPE_NAMES[route.scope] ?? route.scope}`,
    route.preferredSource && `src ${route.preferredSource}`,
    route.priority !== undefined && `metric ${route.priority}`,
    ...describeMetrics(route.metrics ?? {}),
    ...(route.hops.length > 1 ? route.hops : []).map(
      (hop) =>
        `nexthop ${describeHop(hop, hop.interfaceIndex === own ? deviceName : `#${hop.interfaceIndex}`)} weight ${hop.weight}`,
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
    rule.action === 'toTbl' ? `lookup ${tableName(rule.table)}` : String(rule.action),
    rule.suppressPrefixLength !== undefined && `suppress_prefixlength ${rule.suppressPrefixLength}`,
  ])
}

/** An entry as `ip neighbour` writes it, e.g. "198.51.100.1 lladdr 02:00:00:00:00:01 permanent". */
export function describeNeighbor(neighbor: Neighbor): string {
  return words([
    neighbor.address,
    neighbor.hardwareAddress && `lladdr ${neighbor.hardwareAddress}`,
    ...neighbor.flags,
    ...neighbor.state,
  ])
}

function describeHop(hop: Hop | undefined, deviceName: string): string {
  return words([
    hop?.gateway && `via ${hop.gateway}`,
    hop?.via && `via ${hop.via.family} ${hop.via.address}`,
    `dev ${deviceName}`,
    hop?.onlink && 'onlink',
  ])
}

function describeMetrics(metrics: NonNullable<Route['metrics']>): string[] {
  const locked = lockedMetrics(metrics)
  return Object.entries(metrics)
    .filter(([name]) => name !== 'lock')
    .map(([name, value]) => `${name}${locked.includes(name) ? ' lock' : ''} ${value}`)
}

function isDefault(route: Route): boolean {
  return route.destination.endsWith('/0')
}

function tableName(table: number): string {
  return TABLE_NAMES[table] ?? String(table)
}

function words(parts: (string | false | undefined)[]): string {
  return parts.filter((part) => part).join(' ')
}
