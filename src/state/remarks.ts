import { bounded } from '../bounded.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { describeAddress, describeRoute, type NameOf } from './describe.js'
import { unpacked } from './packed.js'
import { carried, toRestore } from './reasons.js'
import type { Captured, PackedState } from './schema.js'

/**
 * The remark on a device that goes without any address and route because it has none on the host.
 * `remarkOnLeases` has those on leases that stay behind.
 */
export function remarksOnNothing(
  { addresses, routes, packed = [] }: PackedState,
  device: Link,
): string[] {
  if (toRestore(addresses).length > 0 || carried(routes).length + carried(packed).length > 0)
    return []
  return [
    `${device.name} goes without an address: it has none on the host. An earlier DEL may not have ` +
      'restored it ("restoreOnDelete": false, or its record was lost), or what configures it on ' +
      'the host has not done so yet. "useInterfaceNetwork": false lends it bare, without a warning',
  ]
}

/** Says something to the operator. */
export type Remark = (text: string) => void

/**
 * Says which leases stay behind, unless the device goes with all its routes and another address of
 * that family; and which key carries them.
 */
export function remarkOnLeases(
  state: PackedState,
  device: Link,
  nameOf: NameOf,
  remark: Remark,
): void {
  for (const family of ['inet', 'inet6'] as const) {
    const ofFamily = <T extends { family: string }>(all: Captured<T>[]) =>
      all.filter(({ value }) => value.family === family)
    const leases = ofFamily(state.addresses).filter(({ leftBehind }) => leftBehind === 'dynamic')
    if (leases.length === 0) continue
    const [first, ...more] = ofFamily(unpacked(state).routes).filter(
      ({ leftBehind }) => leftBehind === 'with-address',
    )
    const route = first && describeRoute(first.value, nameOf)
    const isWithout = carried(ofFamily(state.addresses)).length === 0
    if (route === undefined && !isWithout) continue
    const [version, key] = family === 'inet' ? ['IPv4', 'ipv4'] : ['IPv6', 'all']
    remark(
      `the lease of ${bounded(leases.map(({ value }) => describeAddress(value))).join(', ')} stays behind` +
        (route === undefined ? '' : `, and with it the route ${route}`) +
        (more.length === 0 ? '' : ` and ${more.length} more`) +
        (isWithout ? `; ${device.name} goes without an ${version} address of its own` : '') +
        `. "dynamicAddresses": "${key}" carries a lease as a permanent address`,
    )
  }
}
