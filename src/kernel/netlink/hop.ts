import {
  __LENGTH_RouteNextHop,
  formatRouteNextHop,
  parseRouteNextHop,
} from 'netlink/dist/rt/gen_structs'
import { align, getPadding, readU16, writeU16 } from 'netlink/dist/structs'
import { addressBytes, addressText, familyNumber, familyOf } from '../ip-address.js'
import type { Hop } from '../objects/route.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  keepOpaque,
  opaqueAttributes,
  toNumber,
  u32,
} from './attributes.js'
import { RTA } from './route-attributes.js'

/** Attributes that belong to a hop, though nothing here needs to read them. */
const OPAQUE_HOP_ATTRIBUTES: number[] = [RTA.flow, RTA.newDst, RTA.encapType, RTA.encap]

/** Takes an attribute into a hop; false where it says nothing about one. */
export function decodeHopAttribute(attribute: Attribute, hop: Hop): boolean {
  const { type, data } = attribute
  if (type === RTA.oif) hop.interfaceIndex = toNumber(data)
  else if (type === RTA.gateway) hop.gateway = addressText(data)
  else if (type === RTA.via) hop.via = decodeVia(data)
  else if (OPAQUE_HOP_ATTRIBUTES.includes(type)) keepOpaque(hop, attribute)
  else return false
  return true
}

/** The attributes of the only hop of a route. */
export function encodeHopAttributes(hop: Hop): Attribute[] {
  return [u32(RTA.oif, hop.interfaceIndex), ...gatewayAttributes(hop)]
}

/** RTA_MULTIPATH: hops one after the other, each with a fixed part and attributes of its own. */
export function decodeMultipath(data: Buffer): Hop[] {
  const hops: Hop[] = []
  for (let rest = data; rest.length >= __LENGTH_RouteNextHop; ) {
    const length = readU16.call(rest, 0)
    const fixed = parseRouteNextHop(rest.subarray(0, __LENGTH_RouteNextHop))
    const hop: Hop = {
      interfaceIndex: fixed.ifindex ?? 0,
      ...(fixed.flags?.onlink ? { onlink: true } : {}),
      weight: (fixed.hops ?? 0) + 1,
    }
    for (const attribute of decodeAttributes(rest.subarray(__LENGTH_RouteNextHop, length)))
      if (!decodeHopAttribute(attribute, hop)) keepOpaque(hop, attribute)
    hops.push(hop)
    rest = rest.subarray(align(length))
  }
  return hops
}

export function encodeMultipath(hops: Hop[]): Attribute {
  return bytes(RTA.multipath, Buffer.concat(hops.flatMap(encodeHop)))
}

function encodeHop(hop: Hop): Buffer[] {
  const fixed = formatRouteNextHop({
    ifindex: hop.interfaceIndex,
    hops: hop.weight - 1,
    flags: hop.onlink ? { onlink: true } : {},
  })
  const attributes = encodeAttributes(gatewayAttributes(hop))
  writeU16.call(fixed, fixed.length + attributes.length, 0)
  return [fixed, attributes, getPadding(attributes.length)]
}

function gatewayAttributes(hop: Hop): Attribute[] {
  const attributes: Attribute[] = []
  if (hop.gateway !== undefined) attributes.push(bytes(RTA.gateway, gatewayBytes(hop.gateway)))
  if (hop.via !== undefined) attributes.push(bytes(RTA.via, encodeVia(hop.via)))
  return attributes.concat(opaqueAttributes(hop))
}

/** However many routes a host has, few are the gateways they name. */
function gatewayBytes(gateway: string): Buffer {
  const known = gateways.get(gateway) ?? addressBytes(gateway)
  gateways.set(gateway, known)
  return known
}

const gateways = new Map<string, Buffer>()

/** struct rtvia: the family in two bytes, then the address. */
function decodeVia(data: Buffer): NonNullable<Hop['via']> {
  return {
    family: familyOf(readU16.call(data, 0)) ?? 'inet6',
    address: addressText(data.subarray(2)),
  }
}

function encodeVia(via: NonNullable<Hop['via']>): Buffer {
  const family = Buffer.alloc(2)
  writeU16.call(family, familyNumber(via.family), 0)
  return Buffer.concat([family, addressBytes(via.address)])
}
