import type { Address } from '../kernel/objects/address.js'
import type { Reason } from './reasons.js'

const SCOPE_LINK = 253
const SCOPE_HOST = 254

/** Why an address stays behind; undefined where it is carried. */
export function reasonToLeaveAddress(address: Address): Reason | undefined {
  const has = (flag: string) => address.flags.includes(flag)
  if (address.scope === SCOPE_HOST) return 'host-scope'
  if (address.scope === SCOPE_LINK) return 'link-local'
  if (has('dadfailed')) return 'duplicate'
  if (has('permanent')) return undefined
  // The same bit means "secondary" for IPv4.
  return address.family === 'inet6' && has('secondary') ? 'temporary' : 'dynamic'
}
