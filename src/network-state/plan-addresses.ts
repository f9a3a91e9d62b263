import { addressRequest } from '../kernel/netlink/address.js'
import type { Request } from '../kernel/netlink/request.js'
import type { Address } from '../kernel/objects/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Addition } from './addition.js'

/** The flags that can be asked for; the others are the kernel's own findings. */
const SETTABLE_FLAGS = ['nodad', 'homeaddress', 'managetempaddr', 'noprefixroute', 'mcautojoin']

/** The longest label the kernel takes. */
const LABEL_BYTES = 15

/**
 * IPv6 addresses go in without duplicate address detection and lose that flag
 * again at once, unless duplicates are to be looked for. The same device used them
 * on the same link a moment ago; while tentative, they could not be the preferred
 * source of a route.
 */
export function planAddresses(
  former: Link,
  device: Link,
  addresses: Address[],
  detectDuplicates: boolean,
): { addresses: Addition<Address>[]; detection: Request[] } {
  const wanted = addresses.map((address) => rewrite(address, former.name, device.name))
  const first = detectDuplicates ? wanted : wanted.map(withoutDetection)
  return {
    addresses: first.map((address, n) => ({
      value: addresses[n] ?? address,
      request: addressRequest(address, device.index, 'create'),
    })),
    detection: wanted
      .filter((_, n) => first[n] !== wanted[n])
      .map((address) => addressRequest(address, device.index, 'replace')),
  }
}

function detectsDuplicates(address: Address): boolean {
  return address.family === 'inet6' && !address.flags.includes('nodad')
}

function withoutDetection(address: Address): Address {
  return detectsDuplicates(address) ? { ...address, flags: [...address.flags, 'nodad'] } : address
}

/** The address as it must be asked for on a device that may have a new name. */
function rewrite(address: Address, formerName: string, name: string): Address {
  const { label, ...rest } = address
  const flags = address.flags.filter((flag) => SETTABLE_FLAGS.includes(flag))
  const relabelled = label === undefined ? undefined : relabel(label, formerName, name)
  return { ...rest, flags, ...(relabelled === undefined ? {} : { label: relabelled }) }
}

/** "eth1:web" becomes "net1:web"; undefined, for the default, where that is too long. */
function relabel(label: string, formerName: string, name: string): string | undefined {
  const renamed =
    label === formerName || label.startsWith(`${formerName}:`)
      ? name + label.slice(formerName.length)
      : label
  return Buffer.byteLength(renamed) <= LABEL_BYTES ? renamed : undefined
}
