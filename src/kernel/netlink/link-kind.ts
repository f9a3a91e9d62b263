import { readU16, writeS32 } from 'netlink/dist/structs'
import { decodeAttributes, toText } from './attributes.js'
import { MessageType } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Of linux/if_link.h. */
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_IPVLAN_MODE = 1

/** struct ifinfomsg, and where the index is in it. */
const FIXED_BYTES = 16
const INDEX_OFFSET = 4

const IPVLAN_MODES = ['l2', 'l3', 'l3s']

/** What sort of device a link is. */
export interface LinkKind {
  /** The driver's name, such as "macvlan"; empty for a physical device. */
  kind: string
  /** Of an ipvlan device: "l2", "l3" or "l3s". */
  ipvlanMode?: string
}

/**
 * Asks the kernel what sort of device a link is.
 * @throws KernelError where there is no such device
 */
export function linkKindOf(socket: RouteSocket, index: number): LinkKind {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32.call(header, index, INDEX_OFFSET)
  const [answer] = socket.request({ type: MessageType.GETLINK, header })
  const info = attributeIn(answer?.data.subarray(FIXED_BYTES), IFLA_LINKINFO)
  const kind = attributeIn(info, IFLA_INFO_KIND)
  const data = attributeIn(info, IFLA_INFO_DATA)
  const mode = attributeIn(data, IFLA_IPVLAN_MODE)
  const name = kind ? toText(kind) : ''
  if (name !== 'ipvlan' || !mode) return { kind: name }
  return { kind: name, ipvlanMode: IPVLAN_MODES[readU16.call(mode, 0)] ?? 'unknown' }
}

function attributeIn(attributes: Buffer | undefined, type: number): Buffer | undefined {
  return attributes && decodeAttributes(attributes).find((one) => one.type === type)?.data
}
