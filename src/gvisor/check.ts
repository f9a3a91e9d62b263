import { bounded } from '../bounded.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import { SCOPE, TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { foldRoutes } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import { asFaults } from '../state/verify.js'
import { isWaiting } from './keeper-process.js'
import { hasProtocolFilter } from './l3.js'
import { longestPrefix } from './record.js'
import type { GvisorRecord, InterfaceAddress } from './record-schema.js'

/**
 * Faults of an interface, for CHECK. Before gVisor removed the addresses: everything missing,
 * except what ADD left out. After that: addresses that were not put back.
 * @param missing lists everything missing on the interface
 */
export function faultsOf(
  sandbox: NetworkNamespace,
  link: Link,
  record: GvisorRecord,
  missing: () => string[],
): string[] {
  const faults = faultsOfDriver(sandbox, link, record)
  if (isStripped(sandbox, link, record))
    return [...faults, ...faultsAfterStrip(sandbox, link, record)]
  const wanted = missing().filter((what) => !record.omitted.includes(what))
  return [...faults, ...asFaults(wanted), ...faultsBeforeStrip(record)]
}

/**
 * Whether gVisor has removed the interface's addresses: none of them is there, or only the /32 and
 * /128 ones that were put back, and no route.
 */
export function isStripped(
  sandbox: NetworkNamespace,
  link: Link,
  { addresses }: GvisorRecord,
): boolean {
  const there = dumpAddresses(sandbox.socket, link.index)
  const as = ({ family, local, prefixLength }: InterfaceAddress) =>
    `${family} ${local}/${prefixLength}`
  const texts = new Set(there.filter(({ scope }) => scope === SCOPE.universe).map(as))
  const intact = addresses.filter((address) => texts.has(as(address)))
  if (intact.length === 0) return true
  if (!intact.every((address) => address.prefixLength === longestPrefix(address))) return false
  const wanted = { device: link.index }
  const begin = () => ({ isUsed: false })
  return !foldRoutes(sandbox.socket, wanted)(begin, (found, route) => {
    if (leadsSomewhere(route)) found.isUsed = true
  }).isUsed
}

/** Whether a route leads anywhere but to the interface's own addresses, link-local or multicast. */
function leadsSomewhere({ table, destination, family }: Route): boolean {
  if (table === TABLE.local || /^f[ef]/.test(destination)) return false
  return !destination.endsWith(`/${longestPrefix({ family })}`)
}

/** Faults after gVisor removed the addresses: they were not put back. */
function faultsAfterStrip(sandbox: NetworkNamespace, link: Link, record: GvisorRecord): string[] {
  const { keeper } = record
  const missing = missingKept(sandbox, link, record)
  if (missing.length === 0 || (keeper && isWaiting(keeper))) return []
  const names = bounded(missing.map(({ local, prefixLength }) => `${local}/${prefixLength}`)).join(
    ', ',
  )
  const who = keeper ? `its address keeper (process ${keeper.pid}) has ended` : 'it has no keeper'
  return [`gVisor removed its addresses, nobody put ${names} back, and ${who}`]
}

/** Those of the addresses to put back that the interface does not have. */
export function missingKept(
  { socket }: NetworkNamespace,
  { index }: Link,
  { kept }: GvisorRecord,
): InterfaceAddress[] {
  const there = new Set(dumpAddresses(socket, index).map(({ local }) => local))
  return kept.filter(({ local }) => !there.has(local))
}

/** Faults before that: the address keeper has ended too early. */
function faultsBeforeStrip({ keeper }: GvisorRecord): string[] {
  if (!keeper || isWaiting(keeper) || Date.now() / 1000 > keeper.until) return []
  return [`its address keeper (process ${keeper.pid}) has ended before gVisor removed anything`]
}

/** Fault of an ipvlan l3 device: its protocol filter is gone. */
function faultsOfDriver(sandbox: NetworkNamespace, link: Link, record: GvisorRecord): string[] {
  if (!record.namesProtocols || hasProtocolFilter(sandbox, link.index)) return []
  return ['the filter is gone by which its driver knows the protocol of what gVisor sends']
}
