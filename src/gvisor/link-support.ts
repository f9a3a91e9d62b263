import { Failure } from '../failure.js'
import { type Attribute, dataOf, decodeAttributes, toText } from '../kernel/netlink/attributes.js'
import { readU16 } from '../kernel/netlink/bytes.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import { RTM } from '../kernel/netlink/constants.js'
import { LINK_INFO } from '../kernel/netlink/driver-settings.js'
import { attributesOf, IFLA, linkHeader } from '../kernel/netlink/link-message.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'

/** Type of the mode attribute in an ipvlan device's IFLA_INFO_DATA (linux/if_link.h). */
const IFLA_IPVLAN_MODE = 1
const IPVLAN_MODES = ['l2', 'l3', 'l3s']

/** IFLA_INFO_KIND of a link, and the mode of ipvlan. */
export interface LinkKind {
  /** The driver's name, such as "macvlan"; empty for a physical device. */
  kind: string
  /** Only for ipvlan: "l2", "l3" or "l3s". */
  ipvlanMode?: string
}

/**
 * Asks the kernel for the kind of a link.
 * @throws KernelError if there is no such device
 */
export function linkKindOf(socket: NetlinkSocket, index: number): LinkKind {
  const [answer] = socket.request({ type: RTM.getLink, header: linkHeader(index, 0) })
  const info = inside(answer ? attributesOf(answer) : [], IFLA.linkInfo)
  const kind = dataOf(info, LINK_INFO.kind)
  const mode = dataOf(inside(info, LINK_INFO.data), IFLA_IPVLAN_MODE)
  const name = kind ? toText(kind) : ''
  if (name !== 'ipvlan' || !mode) return { kind: name }
  return { kind: name, ipvlanMode: IPVLAN_MODES[readU16(mode, 0)] ?? 'unknown' }
}

/**
 * Families that a device receives nothing of once its addresses are removed. ipvlan selects the
 * receiving device by its IP addresses. macvlan selects it by MAC, but without an IPv6 address the
 * device has left the solicited-node multicast group, so neighbour discovery fails.
 */
export function familiesNeedingAddresses({ kind }: LinkKind): Family[] {
  if (kind === 'ipvlan' || kind === 'ipvtap') return ['inet', 'inet6']
  if (kind === 'macvlan' || kind === 'macvtap') return ['inet6']
  return []
}

/**
 * Refuses ipvlan in mode l3s: gVisor receives no packets from it.
 * @throws Failure `device-refused`
 */
export function requireSupportedLink({ ipvlanMode }: LinkKind, name: string): void {
  if (ipvlanMode !== 'l3s') return
  throw new Failure(
    'device-refused',
    `${name} is an ipvlan device in mode l3s, which gVisor cannot use: what comes in passes the packet socket by which gVisor reads`,
    'nothing was changed; ipvlan in modes l2 and l3 works',
  )
}

function inside(attributes: Attribute[], wanted: number): Attribute[] {
  const data = dataOf(attributes, wanted)
  return data ? decodeAttributes(data) : []
}
