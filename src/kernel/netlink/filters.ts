import { KernelError } from '../kernel-error.js'
import { dataOf, decodeAttributes, toText } from './attributes.js'
import { readU32, writeS32, writeU32 } from './bytes.js'
import { RTM } from './constants.js'
import { Flag } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** A filter of tc(8) where packets enter or leave a device. */
export interface Filter {
  direction: 'ingress' | 'egress'
  /** What sort of filter it is: "bpf", "u32", "flower". */
  kind: string
  preference: number
  /** The name that a filter of kind bpf has. */
  name?: string
}

/** struct tcmsg: its size, and the offsets of its fields (linux/rtnetlink.h). */
const FIXED_BYTES = 20
const OFFSET = { index: 4, parent: 12, info: 16 } as const

/** TCA_* of linux/rtnetlink.h, and TCA_BPF_NAME of linux/pkt_cls.h. */
const TCA = { kind: 1, options: 2 } as const
const TCA_BPF_NAME = 7

/** The parent of a clsact or ingress qdisc, and the two places in it (linux/pkt_sched.h). */
const PARENT_OF_QDISC = 0xfffffff1
const PARENTS = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const

/** What a device has of tc(8) where packets enter or leave it. */
export interface Filtering {
  /** The kind of the qdisc that holds the filters. */
  qdisc?: string
  /** Of each kind and preference once. */
  filters: Filter[]
}

/** The clsact or ingress qdisc of a device, and the filters in it. */
export function filteringOn(socket: NetlinkSocket, index: number): Filtering {
  const qdisc = qdiscOf(socket, index)
  if (qdisc === undefined) return { filters: [] }
  const directions = (['ingress', 'egress'] as const).filter(
    (direction) => qdisc === 'clsact' || direction === qdisc,
  )
  return { qdisc, filters: filtersIn(socket, index, directions) }
}

function filtersIn(
  socket: NetlinkSocket,
  index: number,
  directions: Filter['direction'][],
): Filter[] {
  const found: Filter[] = []
  const seen = new Set<string>()
  for (const direction of directions) {
    const header = fixedPart(index, PARENTS[direction])
    for (const { data } of socket.dump({ type: RTM.getFilter, header })) {
      const filter = { direction, ...decodeFilter(data) }
      const key = JSON.stringify(filter)
      if (!seen.has(key)) found.push(filter)
      seen.add(key)
    }
  }
  return found
}

/** Most devices have none. */
function qdiscOf(socket: NetlinkSocket, index: number): string | undefined {
  const header = fixedPart(index, PARENT_OF_QDISC)
  try {
    // Kernels before 6.3 answer only a request with NLM_F_ECHO.
    const [answer] = socket.request({ type: RTM.getQdisc, flags: Flag.echo, header })
    return answer && kindOf(answer.data)
  } catch (error) {
    if (error instanceof KernelError && error.is('ENOENT')) return undefined
    throw error
  }
}

function fixedPart(index: number, parent: number): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32(header, index, OFFSET.index)
  writeU32(header, parent, OFFSET.parent)
  return header
}

function kindOf(data: Buffer): string {
  const kind = dataOf(decodeAttributes(data.subarray(FIXED_BYTES)), TCA.kind)
  return kind ? toText(kind) : ''
}

function decodeFilter(data: Buffer): Pick<Filter, 'kind' | 'preference' | 'name'> {
  const attributes = decodeAttributes(data.subarray(FIXED_BYTES))
  const kind = kindOf(data)
  const options = kind === 'bpf' ? dataOf(attributes, TCA.options) : undefined
  const name = options && dataOf(decodeAttributes(options), TCA_BPF_NAME)
  const preference = readU32(data, OFFSET.info) >>> 16
  return { kind, preference, ...(name ? { name: toText(name) } : {}) }
}
