import {
  __LENGTH_Address,
  type AddressFlags,
  formatAddress,
  formatAddressCacheInfo,
  formatAddressFlags,
  parseAddress,
  parseAddressCacheInfo,
  parseAddressFlags,
} from 'netlink/dist/rt/gen_structs'
import { addressBytes, addressText, familyNumber, familyOf } from '../ip-address.js'
import type { Address } from '../objects/address.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  keepOpaque,
  opaqueAttributes,
  text,
  toNumber,
  toText,
  u32,
} from './attributes.js'
import { flagNames, flagsNamed } from './flag-names.js'
import { Flag, MessageType, type Request } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Address attributes (linux/if_addr.h). */
const IFA = {
  address: 1,
  local: 2,
  label: 3,
  broadcast: 4,
  cacheInfo: 6,
  flags: 8,
  routePriority: 9,
  protocol: 11,
} as const

const FOR_EVER = 0xffffffff

/** All addresses of a device, of both families, in the kernel's order. */
export function dumpAddresses(socket: RouteSocket, index: number): Address[] {
  const answers = socket.dump({ type: MessageType.GETADDR, header: formatAddress({ index }) })
  return answers
    .filter(({ data }) => parseAddress(data.subarray(0, __LENGTH_Address)).index === index)
    .map(({ data }) => decodeAddress(data))
    .filter((address) => address !== undefined)
}

/**
 * A request that adds the address to a device, or changes it where it is there.
 * @param how `create` fails with EEXIST where the address is there
 */
export function addressRequest(
  address: Address,
  index: number,
  how: 'create' | 'replace',
): Request {
  return {
    type: MessageType.NEWADDR,
    flags: how === 'create' ? Flag.create | Flag.exclusive : Flag.replace,
    header: formatAddress({
      family: familyNumber(address.family),
      prefixlen: address.prefixLength,
      scope: address.scope,
      index,
    }),
    attributes: encodeAttributesOf(address),
  }
}

/** A request that takes the address from a device. */
export function addressRemoval(
  { family, local, prefixLength }: Pick<Address, 'family' | 'local' | 'prefixLength'>,
  index: number,
): Request {
  return {
    type: MessageType.DELADDR,
    header: formatAddress({ family: familyNumber(family), prefixlen: prefixLength, index }),
    attributes: [bytes(IFA.local, addressBytes(local))],
  }
}

/** Undefined for a family that is not IP. */
export function decodeAddress(data: Buffer): Address | undefined {
  const fixed = parseAddress(data.subarray(0, __LENGTH_Address))
  const family = familyOf(fixed.family)
  if (family === undefined) return undefined
  const address: Address = {
    family,
    local: '',
    prefixLength: fixed.prefixlen ?? 0,
    scope: fixed.scope ?? 0,
    flags: flagNames(fixed.flags ?? {}),
  }
  let other = ''
  for (const attribute of decodeAttributes(data.subarray(__LENGTH_Address))) {
    const value = attribute.data
    if (attribute.type === IFA.local) address.local = addressText(value)
    else if (attribute.type === IFA.address) other = addressText(value)
    else if (attribute.type === IFA.label) address.label = toText(value)
    else if (attribute.type === IFA.broadcast) address.broadcast = addressText(value)
    else if (attribute.type === IFA.flags)
      address.flags = flagNames(parseAddressFlags(toNumber(value)))
    else if (attribute.type === IFA.routePriority) address.metric = toNumber(value)
    else if (attribute.type === IFA.protocol) address.protocol = value[0] ?? 0
    else if (attribute.type === IFA.cacheInfo) Object.assign(address, lifetimes(value))
    else keepOpaque(address, attribute)
  }
  // Only where there is a peer does the kernel report two different addresses.
  if (address.local === '') address.local = other
  else if (other !== address.local) address.peer = other
  return address
}

function encodeAttributesOf(address: Address): Attribute[] {
  const attributes = [
    bytes(IFA.local, addressBytes(address.local)),
    bytes(IFA.address, addressBytes(address.peer ?? address.local)),
    u32(IFA.flags, formatAddressFlags(flagsNamed<AddressFlags>(address.flags))),
  ]
  if (address.broadcast !== undefined)
    attributes.push(bytes(IFA.broadcast, addressBytes(address.broadcast)))
  if (address.label !== undefined) attributes.push(text(IFA.label, address.label))
  if (address.metric !== undefined) attributes.push(u32(IFA.routePriority, address.metric))
  if (address.protocol !== undefined)
    attributes.push(bytes(IFA.protocol, Buffer.from([address.protocol])))
  if (address.validSeconds !== undefined)
    attributes.push(
      bytes(
        IFA.cacheInfo,
        formatAddressCacheInfo({
          ifaValid: address.validSeconds,
          ifaPrefered: address.preferredSeconds ?? FOR_EVER,
        }),
      ),
    )
  return attributes.concat(opaqueAttributes(address))
}

function lifetimes(data: Buffer): Pick<Address, 'validSeconds' | 'preferredSeconds'> {
  const { ifaValid = FOR_EVER, ifaPrefered = FOR_EVER } = parseAddressCacheInfo(data)
  return {
    ...(ifaValid === FOR_EVER ? {} : { validSeconds: ifaValid }),
    ...(ifaPrefered === FOR_EVER ? {} : { preferredSeconds: ifaPrefered }),
  }
}
