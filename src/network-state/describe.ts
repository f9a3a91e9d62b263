import type { Address } from '../kernel/objects/address.js'
import type { Hop, Route } from '../kernel/objects/route.js'

const TABLE_MAIN = 254

/** An address as `ip address` writes it, e.g. "198.51.100.5/24". */
export function describeAddress(address: Address): string {
  const peer = address.peer === undefined ? '' : ` peer ${address.peer}`
  return `${address.local}${peer}/${address.prefixLength}`
}

/** A route as `ip route` writes it, e.g. "default via 198.51.100.1 dev net1 metric 100". */
export function describeRoute(route: Route, deviceName: string): string {
  const words = [/\/0$/.test(route.destination) ? 'default' : route.destination]
  if (route.type !== 'UNICAST') words.unshift(String(route.type).toLowerCase())
  if (route.source !== undefined) words.push(`from ${route.source}`)
  words.push(...route.hops.map((hop) => describeHop(hop, deviceName)))
  if (route.table !== TABLE_MAIN) words.push(`table ${route.table}`)
  if (route.priority !== undefined) words.push(`metric ${route.priority}`)
  if (route.preferredSource !== undefined) words.push(`src ${route.preferredSource}`)
  return words.join(' ')
}

function describeHop(hop: Hop, deviceName: string): string {
  const words: string[] = []
  if (hop.gateway !== undefined) words.push(`via ${hop.gateway}`)
  if (hop.via !== undefined) words.push(`via ${hop.via.family} ${hop.via.address}`)
  words.push(`dev ${deviceName}`)
  if (hop.onlink) words.push('onlink')
  return words.join(' ')
}
