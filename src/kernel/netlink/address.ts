import { addressBytesIn, addressText, familyNumber, familyOf } from '../ip-address.js'
import type { Address } from './address-schema.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  keepOpaque,
  opaqueAttributes,
  optional,
  present,
  text,
  toNumber,
  toText,
  u8,
  u32,
} from './attributes.js'
import { readU8, readU32, writeU32 } from './bytes.js'
import { RTM } from './constants.js'
import { collect, type Fold } from './fold.js'
import { Flag, type Payload, type Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** Attributes of an address (IFA_* of linux/if_addr.h). */
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

/** struct ifaddrmsg: its size, and the offsets of its fields. */
const FIXED_BYTES = 8
const OFFSET = { family: 0, prefixLength: 1, flags: 2, scope: 3, index: 4 } as const

/** struct ifa_cacheinfo: preferred lifetime, valid lifetime, when it was created, when it was changed. */
const CACHE_INFO_BYTES = 16
const CREATED_OFFSET = 8
const FOR_EVER = 0xffffffff

/** All addresses of a device, of both families, in the kernel's order. */
export function dumpAddresses(socket: NetlinkSocket, index: number): Address[] {
  return collect(foldAddresses(socket, index))
}

/** The same, each handled as it comes. */
export function foldAddresses(socket: NetlinkSocket, index: number): Fold<Address> {
  const request = { type: RTM.getAddress, header: fixedPart({}, index) }
  return (begin, take) =>
    socket.fold([request], begin, (result, { bytes }, start, end) => {
      const data = bytes.subarray(start, end)
      const address = readU32(data, OFFSET.index) === index ? decodeAddress({ data }) : undefined
      if (address) take(result, address)
    })
}

/**
 * Request to add an address to a device.
 * @param how `create` fails with EEXIST if it exists; `replace` changes it
 */
export function addressRequest(
  address: Address,
  index: number,
  how: 'create' | 'replace',
): Request {
  return {
    type: RTM.newAddress,
    flags: how === 'create' ? Flag.create | Flag.exclusive : Flag.replace,
    header: fixedPart(address, index),
    attributes: encodeAttributesOf(address),
  }
}

/**
 * Request to remove an address from a device. Without IFA_ADDRESS the kernel takes the first IPv4 address
 * with that local part, of whatever prefix length.
 */
export function addressRemoval(
  { family, local, prefixLength, peer = local }: Address,
  index: number,
): Request {
  return {
    type: RTM.deleteAddress,
    header: fixedPart({ family, prefixLength }, index),
    attributes: [
      bytes(IFA.local, addressBytesIn(family, local)),
      bytes(IFA.address, addressBytesIn(family, peer)),
    ],
  }
}

/** Undefined if the family is not IP. */
export function decodeAddress({ data }: Payload): Address | undefined {
  const family = familyOf(readU8(data, OFFSET.family))
  if (family === undefined) return undefined
  const address: Address = {
    family,
    local: '',
    prefixLength: readU8(data, OFFSET.prefixLength),
    scope: readU8(data, OFFSET.scope),
    flags: readU8(data, OFFSET.flags),
  }
  let other = ''
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const value = attribute.data
    if (attribute.type === IFA.local) address.local = addressText(value)
    else if (attribute.type === IFA.address) other = addressText(value)
    else if (attribute.type === IFA.label) address.label = toText(value)
    else if (attribute.type === IFA.broadcast) address.broadcast = addressText(value)
    // IFA_FLAGS has all flags; struct ifaddrmsg has room for the first eight only.
    else if (attribute.type === IFA.flags) address.flags = toNumber(value)
    else if (attribute.type === IFA.routePriority) address.metric = toNumber(value)
    else if (attribute.type === IFA.protocol) address.protocol = value[0] ?? 0
    else if (attribute.type === IFA.cacheInfo) Object.assign(address, timesIn(value))
    else keepOpaque(address, attribute)
  }
  // IFA_LOCAL and IFA_ADDRESS differ only if there is a peer, which is then IFA_ADDRESS.
  if (address.local === '') address.local = other
  else if (other !== address.local) address.peer = other
  return address
}

function fixedPart(
  { family, prefixLength = 0, scope = 0 }: Partial<Address>,
  index: number,
): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  header[OFFSET.family] = family ? familyNumber(family) : 0
  header[OFFSET.prefixLength] = prefixLength
  header[OFFSET.scope] = scope
  writeU32(header, index, OFFSET.index)
  return header
}

function encodeAttributesOf(address: Address): Attribute[] {
  const { family, local, peer = local, validSeconds, preferredSeconds } = address
  const hasLifetime = validSeconds !== undefined || preferredSeconds !== undefined
  return [
    ...present([
      bytes(IFA.local, addressBytesIn(family, local)),
      bytes(IFA.address, addressBytesIn(family, peer)),
      u32(IFA.flags, address.flags),
      optional(address.broadcast, (broadcast) =>
        bytes(IFA.broadcast, addressBytesIn(family, broadcast)),
      ),
      optional(address.label, (label) => text(IFA.label, label)),
      optional(address.metric, (metric) => u32(IFA.routePriority, metric)),
      optional(address.protocol, (protocol) => u8(IFA.protocol, protocol)),
      hasLifetime ? cacheInfo(preferredSeconds, validSeconds) : undefined,
    ]),
    ...opaqueAttributes(address),
  ]
}

function cacheInfo(preferredSeconds = FOR_EVER, validSeconds = FOR_EVER): Attribute {
  const data = Buffer.alloc(CACHE_INFO_BYTES)
  writeU32(data, preferredSeconds, 0)
  writeU32(data, validSeconds, 4)
  return bytes(IFA.cacheInfo, data)
}

function timesIn(data: Buffer): Pick<Address, 'validSeconds' | 'preferredSeconds' | 'createdAt'> {
  const [preferredSeconds, validSeconds] = [readU32(data, 0), readU32(data, 4)]
  return {
    ...(validSeconds === FOR_EVER ? {} : { validSeconds }),
    ...(preferredSeconds === FOR_EVER ? {} : { preferredSeconds }),
    createdAt: readU32(data, CREATED_OFFSET),
  }
}
