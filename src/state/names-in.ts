import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { leadsThrough } from '../kernel/netlink/route-dump.js'
import type { NameOf } from './describe.js'
import type { PackedState } from './schema.js'

/** The names that devices have in a namespace now. */
export function namesIn({ socket }: NetworkNamespace, { index, name }: Link): NameOf {
  return (other) =>
    other === index ? name : (findLink(socket, { index: other })?.name ?? `#${other}`)
}

/**
 * The names of the devices that the routes of a device lead through, found now: where they are needed
 * the device moves, and the socket waits for that. Packed routes lead through no other.
 */
export function namesAround(host: NetworkNamespace, device: Link, { routes }: PackedState): NameOf {
  const nameOf = namesIn(host, device)
  const others = routes
    .flatMap(({ value }) => (leadsThrough(value, device.index) ? value.nexthops : []))
    .map(({ interfaceIndex }) => interfaceIndex)
  const names = new Map([...new Set(others)].map((index) => [index, nameOf(index)]))
  return (index) => names.get(index) ?? `#${index}`
}
