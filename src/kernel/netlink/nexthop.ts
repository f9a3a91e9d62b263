import { addressBytesIn, addressText, familyNumber, familyOf } from '../ip-address.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodedLength,
  keepOpaque,
  opaqueAttributes,
  toNumber,
  u32,
  writeAttributes,
} from './attributes.js'
import { align, readS32, readU8, readU16, writeS32, writeU16 } from './bytes.js'
import type { Family } from './common-schema.js'
import { RTA, RTNH_F_ONLINK } from './constants.js'
import type { Nexthop } from './route-schema.js'

/** Nexthop attributes that are not interpreted. */
const OPAQUE_ATTRIBUTES: number[] = [RTA.flow, RTA.newDestination, RTA.encapType, RTA.encap]

/** The fixed part of a nexthop in RTA_MULTIPATH, struct rtnexthop. */
const FIXED_BYTES = 8
const OFFSET = { length: 0, flags: 2, weightLessOne: 3, index: 4 } as const

/** Decodes an attribute into a nexthop; returns false if it is not a nexthop attribute. */
export function decodeNexthopAttribute(attribute: Attribute, nexthop: Nexthop): boolean {
  const { type, data } = attribute
  if (type === RTA.outputInterface) nexthop.interfaceIndex = toNumber(data)
  else if (type === RTA.gateway) nexthop.gateway = addressText(data)
  else if (type === RTA.via) nexthop.via = decodeVia(data)
  else if (OPAQUE_ATTRIBUTES.includes(type)) keepOpaque(nexthop, attribute)
  else return false
  return true
}

/** Attributes of a single nexthop. */
export function encodeNexthopAttributes(family: Family, nexthop: Nexthop): Attribute[] {
  return [u32(RTA.outputInterface, nexthop.interfaceIndex), ...gatewayAttributes(family, nexthop)]
}

/** Decodes RTA_MULTIPATH: a sequence of nexthops, each with a fixed part and its attributes. */
export function decodeMultipath(data: Buffer): Nexthop[] {
  const nexthops: Nexthop[] = []
  for (let rest = data; rest.length >= FIXED_BYTES; ) {
    const length = readU16(rest, OFFSET.length)
    if (length < FIXED_BYTES || length > rest.length)
      throw new Error(`a nexthop of ${length} bytes, with ${rest.length} left`)
    const onlink = (readU8(rest, OFFSET.flags) & RTNH_F_ONLINK) !== 0
    const nexthop: Nexthop = {
      interfaceIndex: readS32(rest, OFFSET.index),
      ...(onlink ? { onlink } : {}),
      weight: readU8(rest, OFFSET.weightLessOne) + 1,
    }
    for (const attribute of decodeAttributes(rest.subarray(FIXED_BYTES, length)))
      if (!decodeNexthopAttribute(attribute, nexthop)) keepOpaque(nexthop, attribute)
    nexthops.push(nexthop)
    rest = rest.subarray(align(length))
  }
  return nexthops
}

export function encodeMultipath(family: Family, nexthops: Nexthop[]): Attribute {
  const encoded = nexthops.map((nexthop) => encodeNexthop(family, nexthop))
  return bytes(RTA.multipath, Buffer.concat(encoded))
}

function encodeNexthop(family: Family, nexthop: Nexthop): Buffer {
  const attributes = gatewayAttributes(family, nexthop)
  const encoded = Buffer.alloc(FIXED_BYTES + encodedLength(attributes))
  writeU16(encoded, encoded.length, OFFSET.length)
  encoded[OFFSET.flags] = nexthop.onlink ? RTNH_F_ONLINK : 0
  encoded[OFFSET.weightLessOne] = nexthop.weight - 1
  writeS32(encoded, nexthop.interfaceIndex, OFFSET.index)
  writeAttributes(encoded, FIXED_BYTES, attributes)
  return encoded
}

function gatewayAttributes(family: Family, nexthop: Nexthop): Attribute[] {
  const { gateway, via } = nexthop
  const attributes = opaqueAttributes(nexthop)
  if (via !== undefined) attributes.unshift(bytes(RTA.via, encodeVia(via)))
  if (gateway !== undefined) attributes.unshift(bytes(RTA.gateway, gatewayBytes(family, gateway)))
  return attributes
}

/** Caches the bytes of gateways: a host may have many routes, but few distinct gateways. */
function gatewayBytes(family: Family, gateway: string): Buffer {
  const known = gateways[family].get(gateway) ?? addressBytesIn(family, gateway)
  gateways[family].set(gateway, known)
  return known
}

const gateways = { inet: new Map<string, Buffer>(), inet6: new Map<string, Buffer>() }

/** struct rtvia: the family in two bytes, then the address. */
function decodeVia(data: Buffer): NonNullable<Nexthop['via']> {
  return {
    family: familyOf(readU16(data, 0)) ?? 'inet6',
    address: addressText(data.subarray(2)),
  }
}

function encodeVia(via: NonNullable<Nexthop['via']>): Buffer {
  const family = Buffer.alloc(2)
  writeU16(family, familyNumber(via.family), 0)
  return Buffer.concat([family, addressBytesIn(via.family, via.address)])
}
