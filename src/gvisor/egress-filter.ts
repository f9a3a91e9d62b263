import { type Attribute, bytes, encodeAttributes, text } from '../kernel/netlink/attributes.js'
import { readU32, writeS32, writeU16, writeU32 } from '../kernel/netlink/bytes.js'
import { RTM } from '../kernel/netlink/constants.js'
import { Flag, type Request } from '../kernel/netlink/message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'

/** TCA_* of linux/rtnetlink.h and linux/pkt_cls.h. */
const TCA = { kind: 1, options: 2 } as const
const TCA_MATCHALL_ACT = 2

/** struct tcmsg: its size, and the offsets of its fields. */
const FIXED_BYTES = 20
const OFFSET = { index: 4, handle: 8, parent: 12, info: 16 } as const

/** The clsact qdisc: it has no queue, only filters (linux/pkt_sched.h). */
const CLSACT = { handle: 0xffff0000, parent: 0xfffffff1, egress: 0xfffffff3 } as const
/**
 * ETH_P_ALL in network byte order: the lower half of tcm_info; the upper half is the preference.
 */
const EVERY_PROTOCOL = 0x0300

/** Request to add a clsact qdisc to a device; succeeds if there is one already. */
export function clsactRequest(index: number): Request {
  return {
    type: RTM.newQdisc,
    flags: Flag.create,
    header: fixedPart(index, { handle: CLSACT.handle, parent: CLSACT.parent }),
    attributes: [text(TCA.kind, 'clsact')],
  }
}

/**
 * Request to add a matchall egress filter with these actions; EEXIST if the preference is taken.
 */
export function egressFilterRequest(
  index: number,
  preference: number,
  actions: VlanAction[],
): Request {
  // The attribute type of an action is its position, from 1.
  const list = actions.map((action, n) => nested(n + 1, encodeVlanAction(action)))
  const options = [nested(TCA_MATCHALL_ACT, encodeAttributes(list))]
  return {
    type: RTM.newFilter,
    flags: Flag.create | Flag.exclusive,
    header: fixedPart(index, {
      parent: CLSACT.egress,
      info: preference * 0x10000 + EVERY_PROTOCOL,
    }),
    attributes: [text(TCA.kind, 'matchall'), nested(TCA.options, encodeAttributes(options))],
  }
}

/** Whether a device has an egress filter with that preference. */
export function hasEgressFilter(socket: NetlinkSocket, index: number, preference: number): boolean {
  return socket
    .dump({
      type: RTM.getFilter,
      header: fixedPart(index, { parent: CLSACT.egress }),
    })
    .some(({ data }) => readU32(data, OFFSET.info) >>> 16 === preference)
}

function fixedPart(
  index: number,
  { handle = 0, parent = 0, info = 0 }: { handle?: number; parent?: number; info?: number },
): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32(header, index, OFFSET.index)
  writeU32(header, handle, OFFSET.handle)
  writeU32(header, parent, OFFSET.parent)
  writeU32(header, info, OFFSET.info)
  return header
}

function nested(type: number, data: Buffer) {
  return { type, nested: true, data }
}

/** TCA_ACT_* of linux/pkt_cls.h, and linux/tc_act/tc_vlan.h. */
const TCA_ACT = { kind: 1, options: 2 } as const
const TCA_VLAN = { parameters: 2, id: 3 } as const

/**
 * struct tc_vlan: its size, and the offsets of `action` (what follows) and `v_action` (push or
 * pop).
 */
const PARAMETERS_BYTES = 24
const NEXT_OFFSET = 8
const WHAT_OFFSET = 20

const WHAT = { pop: 1, push: 2 } as const
const NEXT = { 'next action': 3, 'next filter': -1 } as const

/** An action of a filter on VLAN tags: push or pop, and how to continue. */
export interface VlanAction {
  what: keyof typeof WHAT
  next: keyof typeof NEXT
}

/** Encodes a vlan action; push uses VLAN id 1. */
function encodeVlanAction({ what, next }: VlanAction): Buffer {
  const parameters = Buffer.alloc(PARAMETERS_BYTES)
  writeS32(parameters, NEXT[next], NEXT_OFFSET)
  writeS32(parameters, WHAT[what], WHAT_OFFSET)
  const options = [bytes(TCA_VLAN.parameters, parameters)]
  if (what === 'push') options.push(vlanId(1))
  return encodeAttributes([
    text(TCA_ACT.kind, 'vlan'),
    { type: TCA_ACT.options, nested: true, data: encodeAttributes(options) },
  ])
}

function vlanId(id: number): Attribute {
  const data = Buffer.alloc(2)
  writeU16(data, id, 0)
  return bytes(TCA_VLAN.id, data)
}
