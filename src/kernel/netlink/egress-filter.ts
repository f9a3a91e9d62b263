import { encodeAttributes, text } from './attributes.js'
import { readU32, writeS32, writeU32 } from './bytes.js'
import { RTM } from './constants.js'
import { Flag, type Request } from './message.js'
import type { RouteSocket } from './route-socket.js'
import { encodeVlanAction, type VlanAction } from './vlan-action.js'

/** Of linux/rtnetlink.h and linux/pkt_cls.h. */
const TCA = { kind: 1, options: 2 } as const
const TCA_MATCHALL_ACT = 2

/** struct tcmsg, and where things are in it. */
const FIXED_BYTES = 20
const OFFSET = { index: 4, handle: 8, parent: 12, info: 16 } as const

/** The clsact discipline, which only holds filters (linux/pkt_sched.h). */
const CLSACT = { handle: 0xffff0000, parent: 0xfffffff1, egress: 0xfffffff3 } as const
/** ETH_P_ALL in network order, as the kernel has it beside the preference. */
const EVERY_PROTOCOL = 0x0300

/** A request that gives a device room for filters; no error where it has that already. */
export function filtersRequest(index: number): Request {
  return {
    type: RTM.newQdisc,
    flags: Flag.create,
    header: fixedPart(index, { handle: CLSACT.handle, parent: CLSACT.parent }),
    attributes: [text(TCA.kind, 'clsact')],
  }
}

/** A request that has all that leaves a device pass through actions; EEXIST where it does already. */
export function egressFilterRequest(
  index: number,
  preference: number,
  actions: VlanAction[],
): Request {
  // Their types are their places.
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

/** Whether a device has a filter of that preference for what leaves it. */
export function hasEgressFilter(socket: RouteSocket, index: number, preference: number): boolean {
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
