import { addressText } from '../ip-address.js'
import { decodeAttributes, keepOpaque, toNumber } from './attributes.js'
import { type NetlinkMessage, readU32 } from './bytes.js'
import { RTA, RTM, RTNH_F_ONLINK } from './constants.js'
import type { Nexthop } from './route-schema.js'
import type { RouteSocket } from './route-socket.js'

/** Attributes of a nexthop object (NHA_* of linux/nexthop.h). */
const NHA = { id: 1, group: 2, oif: 5, gateway: 6, encapType: 7, encap: 8 } as const

/** The fixed part, struct nhmsg: family, scope, protocol, a reserved byte, flags. */
const FIXED_BYTES = 8
const FLAGS_OFFSET = 4
/** struct nexthop_grp: an id, the weight minus one, and reserved bytes. */
const GROUP_MEMBER_BYTES = 8

/** A nexthop object: a single nexthop, or a group of other objects by their ids. */
interface NexthopObject {
  nexthop: Nexthop
  members: { id: number; weight: number }[]
}

/**
 * Reads all nexthop objects. Needed because a route reports only its object's id if
 * `net.ipv4.nexthop_compat_mode` is 0.
 * @returns a function from an id to the object's nexthops; empty for an unknown id
 */
export function nexthopsOfObjects(socket: RouteSocket): (id: number) => Nexthop[] {
  const objects = new Map<number, NexthopObject>()
  const header = Buffer.alloc(FIXED_BYTES)
  for (const message of socket.dump({ type: RTM.getNexthop, header })) {
    const { id, object } = decodeNexthopObject(message)
    objects.set(id, object)
  }
  return (id) => {
    const object = objects.get(id)
    if (!object || object.members.length === 0) return object ? [object.nexthop] : []
    return object.members.flatMap((member) => {
      const nexthop = objects.get(member.id)?.nexthop
      return nexthop ? [{ ...nexthop, weight: member.weight }] : []
    })
  }
}

function decodeNexthopObject({ data }: NetlinkMessage): { id: number; object: NexthopObject } {
  const nexthop: Nexthop = { interfaceIndex: 0, weight: 1 }
  const object: NexthopObject = { nexthop, members: [] }
  if (readU32(data, FLAGS_OFFSET) & RTNH_F_ONLINK) nexthop.onlink = true
  let id = 0
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const { type, data: value } = attribute
    if (type === NHA.id) id = toNumber(value)
    else if (type === NHA.oif) nexthop.interfaceIndex = toNumber(value)
    else if (type === NHA.gateway) nexthop.gateway = addressText(value)
    else if (type === NHA.group) object.members = decodeMembers(value)
    else if (type === NHA.encapType) keepOpaque(nexthop, { ...attribute, type: RTA.encapType })
    else if (type === NHA.encap) keepOpaque(nexthop, { ...attribute, type: RTA.encap })
  }
  return { id, object }
}

function decodeMembers(data: Buffer): NexthopObject['members'] {
  return Array.from({ length: data.length / GROUP_MEMBER_BYTES }, (_, n) => ({
    id: readU32(data, n * GROUP_MEMBER_BYTES),
    weight: (data[n * GROUP_MEMBER_BYTES + 4] ?? 0) + 1,
  }))
}
