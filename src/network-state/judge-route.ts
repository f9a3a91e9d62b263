import { prefixCovers } from '../kernel/ip-address.js'
import type { Address } from '../kernel/objects/address.js'
import type { Route } from '../kernel/objects/route.js'
import type { Reason } from './reasons.js'

const TABLE_LOCAL = 255
/** fe80::/10 */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/

/**
 * Why a route stays behind; undefined where it is carried.
 * @param addresses all addresses of the device
 */
export function reasonToLeaveRoute(route: Route, addresses: Address[]): Reason | undefined {
  if (route.table === TABLE_LOCAL)
    return route.protocol === 'KERNEL' ? 'kernel-made' : 'local-table'
  if (route.cloned) return 'cache-entry'
  if (route.protocol === 'RA') return 'router-advertisement'
  if (route.protocol === 'REDIRECT') return 'redirect'
  if (LINK_LOCAL.test(route.destination)) return 'link-local'
  if (route.protocol === 'KERNEL' && kernelMakesIt(route, addresses)) return 'kernel-made'
  return undefined
}

/**
 * A network manager that wants a prefix route of its own adds the address with
 * `noprefixroute`, then a route that claims to be the kernel's: that one the
 * kernel does not make again.
 */
function kernelMakesIt(route: Route, addresses: Address[]): boolean {
  const inside = addresses.filter((address) =>
    prefixCovers(route.destination, address.peer ?? address.local),
  )
  return inside.length === 0 || inside.some(({ flags }) => !flags.includes('noprefixroute'))
}
