import type { Address } from '../kernel/objects/address.js'
import type { CapturePolicy } from './policy.js'
import type { Reason } from './reasons.js'

const SCOPE_LINK = 253
const SCOPE_HOST = 254
/** What the kernel notes, since 5.18, of an address made from a router advertisement. */
const PROTOCOL_KERNEL_RA = 2

/** Why an address stays behind; undefined where it is carried. */
export function reasonToLeaveAddress(
  address: Address,
  policy: Pick<CapturePolicy, 'dynamicAddresses'>,
): Reason | undefined {
  const has = (flag: string) => address.flags.includes(flag)
  if (address.scope === SCOPE_HOST) return 'host-scope'
  if (address.scope === SCOPE_LINK) return 'link-local'
  if (has('dadfailed')) return 'duplicate'
  if (has('permanent')) return undefined
  // The same bit means "secondary" for IPv4.
  if (address.family === 'inet6' && has('secondary')) return 'temporary'
  if (has('managetempaddr') || address.protocol === PROTOCOL_KERNEL_RA) return 'autoconfigured'
  if (policy.dynamicAddresses === 'all') return undefined
  return policy.dynamicAddresses === 'ipv4' && address.family === 'inet' ? undefined : 'dynamic'
}
