import { bytesOfText } from '../kernel/kernel-text.js'
import { addressRequest } from '../kernel/netlink/address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { StatePlan } from './plan.js'

/** Flags that can be set; the kernel reports others. */
const SETTABLE_FLAGS =
  ADDRESS_FLAG.nodad |
  ADDRESS_FLAG.homeaddress |
  ADDRESS_FLAG.managetempaddr |
  ADDRESS_FLAG.noprefixroute |
  ADDRESS_FLAG.mcautojoin

/** Maximum length of a label, without its closing zero byte. */
const LABEL_BYTES = 15

/**
 * IPv6 addresses are added with `nodad`, and the flag is removed at once by a second request,
 * unless detection is wanted or failed before. Else it is not needed: the same device just used the
 * addresses on the same link. It would do harm: a tentative address cannot be the preferred source of a route.
 */
export function planAddresses(
  original: Pick<Link, 'name'>,
  device: Pick<Link, 'index' | 'name'>,
  addresses: Address[],
  detectDuplicates: boolean,
): Pick<StatePlan, 'addresses' | 'detection'> {
  const inet6 = addresses.filter(({ family }) => family === 'inet6')
  // The kernel lists the newest IPv6 address first, and prefers the first as a source.
  const inOrder = detectDuplicates
    ? addresses
    : [...addresses.filter(({ family }) => family === 'inet'), ...inet6.toReversed()]
  const planned = inOrder.map((value) => {
    const wanted = asRequested(value, original.name, device.name)
    const first = detectDuplicates || isDuplicate(value) ? wanted : withoutDetection(wanted)
    return { value, wanted, first }
  })
  return {
    addresses: planned.map(({ value, first }) => ({
      value,
      request: addressRequest(first, device.index, 'create'),
    })),
    detection: planned
      .filter(({ wanted, first }) => first !== wanted)
      .map(({ wanted }) => addressRequest(wanted, device.index, 'replace')),
  }
}

/** Another one on the link had the address. It may still have it. */
function isDuplicate({ flags }: Address): boolean {
  return (flags & ADDRESS_FLAG.dadfailed) !== 0
}

/** Adds `nodad` to an IPv6 address, unless the kernel skips detection for it anyway. */
function withoutDetection(address: Address): Address {
  const { family, flags } = address
  if (family === 'inet' || flags & ADDRESS_FLAG.nodad) return address
  return { ...address, flags: flags | ADDRESS_FLAG.nodad }
}

/** Adapts the flags and the label of an address to the new device. */
function asRequested(address: Address, originalName: string, name: string): Address {
  const { label, ...rest } = address
  const relabelled = label === undefined ? undefined : relabel(label, originalName, name)
  // Of an IPv4 address that is valid for ever, the kernel reports this flag only, not a lifetime.
  const isDeprecated = (address.flags & ADDRESS_FLAG.deprecated) !== 0
  return {
    ...rest,
    ...(isDeprecated ? { preferredSeconds: 0 } : {}),
    flags: address.flags & SETTABLE_FLAGS,
    ...(relabelled === undefined ? {} : { label: relabelled }),
  }
}

/** "eth1:web" becomes "net1:web"; undefined (the default label) if that is too long. */
function relabel(label: string, originalName: string, name: string): string | undefined {
  const renamed =
    label === originalName || label.startsWith(`${originalName}:`)
      ? name + label.slice(originalName.length)
      : label
  return bytesOfText(renamed).length <= LABEL_BYTES ? renamed : undefined
}
