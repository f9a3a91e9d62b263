import { addressBytes, addressText } from '../ip-address.js'
import { KernelError } from '../kernel-error.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  keepOpaque,
  opaqueAttributes,
  optional,
  present,
  toNumber,
  u32,
} from './attributes.js'
import { readU8, readU32, writeU32 } from './bytes.js'
import { RTA, RTM, RTNH_F_ONLINK } from './constants.js'
import { Flag, type Payload, type Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'
import type { NexthopObject } from './nexthop-object-schema.js'
import type { Nexthop } from './route-schema.js'

/** Attributes of a nexthop object (NHA_* of linux/nexthop.h). The flags are of the answer. */
const NHA = {
  id: 1,
  group: 2,
  oif: 5,
  gateway: 6,
  encapType: 7,
  encap: 8,
  resilientGroup: 12,
  operationFlags: 14,
} as const

/** In `NHA.resilientGroup`: the last attribute that the kernel accepts; it reports more. */
const LAST_SETTABLE_OF_RESILIENT_GROUP = 3

/** The fixed part, struct nhmsg: family, scope, protocol, a reserved byte, flags. */
const FIXED_BYTES = 8
const OFFSET = { family: 0, protocol: 2, flags: 4 } as const
/** struct nexthop_grp: an id, the weight minus one in two bytes, low and high, and reserved ones. */
const GROUP_MEMBER_BYTES = 8
const MEMBER_OFFSET = { id: 0, weight: 4, highWeight: 5 } as const

/** Of a nexthop in a route, which has a byte for it. */
const MOST_WEIGHT = 256

/** All nexthop objects of the socket's namespace; none where the kernel has no such thing (before Linux 5.3). */
export function dumpNexthopObjects(socket: NetlinkSocket): NexthopObject[] {
  try {
    return socket
      .dump({ type: RTM.getNexthop, header: Buffer.alloc(FIXED_BYTES) })
      .map(decodeNexthopObject)
  } catch (error) {
    if (error instanceof KernelError && error.is('EOPNOTSUPP')) return []
    throw error
  }
}

/**
 * Reads all nexthop objects. Needed because a route reports only its object's id if
 * `net.ipv4.nexthop_compat_mode` is 0.
 * @returns a function from an id to the object's nexthops; empty for an unknown id
 */
export function nexthopsOfObjects(socket: NetlinkSocket): (id: number) => Nexthop[] {
  const objects = new Map(dumpNexthopObjects(socket).map((object) => [object.id, object]))
  return (id) => {
    const { nexthop, members = [] } = objects.get(id) ?? {}
    if (nexthop) return [nexthop]
    return asOfRoute(members).flatMap((member) => {
      const one = objects.get(member.id)?.nexthop
      return one ? [{ ...one, weight: member.weight }] : []
    })
  }
}

/**
 * Members with the weights that nexthops of a route can have, in the same proportion. Since Linux 6.12 a group
 * has larger ones.
 */
function asOfRoute(members: NexthopObject['members']): NexthopObject['members'] {
  const most = Math.max(...members.map(({ weight }) => weight))
  if (most <= MOST_WEIGHT) return members
  return members.map(({ id, weight }) => ({
    id,
    weight: Math.max(1, Math.round((weight * MOST_WEIGHT) / most)),
  }))
}

/**
 * Request to make a nexthop object with its id.
 * @param how `create` fails with EEXIST if there is one with the id; `replace` gives a group other
 *   members
 */
export function nexthopObjectRequest(object: NexthopObject, how: 'create' | 'replace'): Request {
  const { id, nexthop, members } = object
  const header = Buffer.alloc(FIXED_BYTES)
  header[OFFSET.family] = object.family
  header[OFFSET.protocol] = object.protocol
  writeU32(header, nexthop?.onlink ? RTNH_F_ONLINK : 0, OFFSET.flags)
  return {
    type: RTM.newNexthop,
    flags: how === 'create' ? Flag.create | Flag.exclusive : Flag.replace,
    header,
    attributes: [
      u32(NHA.id, id),
      ...(members.length > 0 ? [bytes(NHA.group, encodeMembers(members))] : []),
      ...(nexthop ? encodeNexthop(nexthop) : []),
      ...opaqueAttributes(object).map(settable),
    ],
  }
}

export function decodeNexthopObject({ data }: Payload): NexthopObject {
  const nexthop: Nexthop = { interfaceIndex: 0, weight: 1 }
  const object: NexthopObject = {
    id: 0,
    family: readU8(data, OFFSET.family),
    protocol: readU8(data, OFFSET.protocol),
    members: [],
  }
  if (readU32(data, OFFSET.flags) & RTNH_F_ONLINK) nexthop.onlink = true
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const { type, data: value } = attribute
    if (type === NHA.id) object.id = toNumber(value)
    else if (type === NHA.oif) nexthop.interfaceIndex = toNumber(value)
    else if (type === NHA.gateway) nexthop.gateway = addressText(value)
    else if (type === NHA.group) object.members = decodeMembers(value)
    else if (type === NHA.encapType) keepOpaque(nexthop, { ...attribute, type: RTA.encapType })
    else if (type === NHA.encap) keepOpaque(nexthop, { ...attribute, type: RTA.encap })
    else if (type !== NHA.operationFlags) keepOpaque(object, attribute)
  }
  if (nexthop.interfaceIndex !== 0) object.nexthop = nexthop
  return object
}

function encodeNexthop(nexthop: Nexthop): Attribute[] {
  const encapsulation = opaqueAttributes(nexthop).map((attribute) => ({
    ...attribute,
    type: attribute.type === RTA.encapType ? NHA.encapType : NHA.encap,
  }))
  return [
    ...present([
      u32(NHA.oif, nexthop.interfaceIndex),
      optional(nexthop.gateway, (gateway) => bytes(NHA.gateway, addressBytes(gateway))),
    ]),
    ...encapsulation,
  ]
}

/** Leaves out what the kernel reports of a resilient group, but does not accept. */
function settable(attribute: Attribute): Attribute {
  if (attribute.type !== NHA.resilientGroup) return attribute
  const accepted = decodeAttributes(attribute.data).filter(
    ({ type }) => type !== 0 && type <= LAST_SETTABLE_OF_RESILIENT_GROUP,
  )
  return { ...attribute, data: encodeAttributes(accepted) }
}

function decodeMembers(data: Buffer): NexthopObject['members'] {
  return Array.from({ length: Math.floor(data.length / GROUP_MEMBER_BYTES) }, (_, n) => {
    const member = data.subarray(n * GROUP_MEMBER_BYTES)
    const [low, high] = [
      readU8(member, MEMBER_OFFSET.weight),
      readU8(member, MEMBER_OFFSET.highWeight),
    ]
    return { id: readU32(member, MEMBER_OFFSET.id), weight: low + high * 0x100 + 1 }
  })
}

function encodeMembers(members: NexthopObject['members']): Buffer {
  const data = Buffer.alloc(members.length * GROUP_MEMBER_BYTES)
  for (const [n, { id, weight }] of members.entries()) {
    const at = n * GROUP_MEMBER_BYTES
    writeU32(data, id, at + MEMBER_OFFSET.id)
    data[at + MEMBER_OFFSET.weight] = (weight - 1) & 0xff
    data[at + MEMBER_OFFSET.highWeight] = (weight - 1) >> 8
  }
  return data
}
