import { type Attribute, decodeAttributes, toText } from './attributes.js'
import { readU16 } from './bytes.js'
import { RTM } from './constants.js'
import { attributesOf, IFLA, LINK_INFO, linkHeader } from './link.js'
import type { RouteSocket } from './route-socket.js'

/** In the data of an ipvlan device (linux/if_link.h). */
const IFLA_IPVLAN_MODE = 1
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
  const [answer] = socket.request({ type: RTM.getLink, header: linkHeader(index, 0) })
  const info = inside(answer ? attributesOf(answer) : [], IFLA.linkInfo)
  const kind = dataOf(info, LINK_INFO.kind)
  const mode = dataOf(inside(info, LINK_INFO.data), IFLA_IPVLAN_MODE)
  const name = kind ? toText(kind) : ''
  if (name !== 'ipvlan' || !mode) return { kind: name }
  return { kind: name, ipvlanMode: IPVLAN_MODES[readU16(mode, 0)] ?? 'unknown' }
}

function dataOf(attributes: Attribute[], wanted: number): Buffer | undefined {
  return attributes.find(({ type }) => type === wanted)?.data
}

function inside(attributes: Attribute[], wanted: number): Attribute[] {
  const data = dataOf(attributes, wanted)
  return data ? decodeAttributes(data) : []
}
