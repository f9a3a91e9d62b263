import { readU32 } from 'netlink/dist/structs'
import { addressText } from '../ip-address.js'
import type { Hop } from '../objects/route.js'
import { decodeAttributes, keepOpaque, toNumber } from './attributes.js'
import { MessageType } from './request.js'
import { RTA, RTNH_F_ONLINK } from './route-attributes.js'
import type { RouteSocket } from './route-socket.js'

/** Attributes of a nexthop object (linux/nexthop.h). */
const NHA = { id: 1, group: 2, oif: 5, gateway: 6, encapType: 7, encap: 8 } as const

/** The fixed part, struct nhmsg: family, scope, protocol, a reserved byte, flags. */
const FIXED_BYTES = 8
const FLAGS_OFFSET = 4
/** struct nexthop_grp: an id, a weight less one, and reserved bytes. */
const GROUP_MEMBER_BYTES = 8

/** A nexthop object: one hop, or a group of others by their ids. */
interface NexthopObject {
  hop: Hop
  members: { id: number; weight: number }[]
}

/**
 * Looks up what nexthop objects stand for. A route says only the number of its
 * object where `net.ipv4.nexthop_compat_mode` is off.
 * @returns the hops of an object by its id; none for one that is not there
 */
export function hopsOfNexthopObjects(socket: RouteSocket): (id: number) => Hop[] {
  const objects = new Map<number, NexthopObject>()
  const header = Buffer.alloc(FIXED_BYTES)
  for (const { data } of socket.dump({ type: MessageType.GETNEXTHOP, header })) {
    const { id, object } = decodeNexthop(data)
    objects.set(id, object)
  }
  return (id) => {
    const object = objects.get(id)
    if (!object || object.members.length === 0) return object ? [object.hop] : []
    return object.members.flatMap((member) => {
      const hop = objects.get(member.id)?.hop
      return hop ? [{ ...hop, weight: member.weight }] : []
    })
  }
}

function decodeNexthop(data: Buffer): { id: number; object: NexthopObject } {
  const object: NexthopObject = {
    hop: { interfaceIndex: 0, weight: 1 },
    members: [],
  }
  const { hop } = object
  if (readU32.call(data, FLAGS_OFFSET) & RTNH_F_ONLINK) hop.onlink = true
  let id = 0
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const { type, data: value } = attribute
    if (type === NHA.id) id = toNumber(value)
    else if (type === NHA.oif) hop.interfaceIndex = toNumber(value)
    else if (type === NHA.gateway) hop.gateway = addressText(value)
    else if (type === NHA.group) object.members = decodeMembers(value)
    else if (type === NHA.encapType) keepOpaque(hop, { ...attribute, type: RTA.encapType })
    else if (type === NHA.encap) keepOpaque(hop, { ...attribute, type: RTA.encap })
  }
  return { id, object }
}

function decodeMembers(data: Buffer): NexthopObject['members'] {
  return Array.from({ length: data.length / GROUP_MEMBER_BYTES }, (_, n) => ({
    id: readU32.call(data, n * GROUP_MEMBER_BYTES),
    weight: (data[n * GROUP_MEMBER_BYTES + 4] ?? 0) + 1,
  }))
}
