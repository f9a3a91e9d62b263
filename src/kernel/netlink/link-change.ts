import { bytesOfText } from '../kernel-text.js'
import { type Attribute, bytes, nested, text, u8, u32 } from './attributes.js'
import { hardwareAddressBytes } from './bytes.js'
import { RTM } from './constants.js'
import { encodeDriverSettings } from './driver-settings.js'
import { encodeReasons, encodeToken, encodeXdpDetachment } from './link-attributes.js'
import { IFF_UP, IFLA, linkHeader } from './link-message.js'
import type { DriverSettings, Settable, XdpMode } from './link-schema.js'
import { encodeSettable, SETTABLE_FLAGS } from './link-settable.js'
import { Flag, type Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** Changes to a device; absent members stay as they are. */
export interface LinkChange {
  name?: string
  /** An empty string removes the alias. */
  alias?: string
  up?: boolean
  hardwareAddress?: string
  broadcastAddress?: string
  mtu?: number
  settable?: Settable
  /** IF_LINK_MODE_* of linux/if.h. */
  linkMode?: number
  protocolDown?: boolean
  /** A bit for each; those that are not here are taken away. */
  protocolDownReasons?: number
  driverSettings?: DriverSettings
  /** IF_OPER_* of linux/if.h. The kernel takes few of them, and passes over the others. */
  operationalState?: number
  /** The interface identifier of the addresses that router advertisements bring: "::77". */
  token?: string
  /** Index of the bridge or bond of which it is to be a port. */
  master?: number
  /** File descriptor of the namespace to move the device to. */
  namespaceFd?: number
  /** Its index in that namespace. Kernels before 5.13 choose one themselves. */
  index?: number
}

/**
 * Changes a device in one message. The kernel moves it first, then renames it, sets the alias and
 * brings it up. It does not undo earlier steps if a later one fails.
 * @throws KernelError if the kernel refuses
 */
export function changeLink(socket: NetlinkSocket, index: number, change: LinkChange): void {
  socket.request(linkRequest(index, change))
}

/**
 * Like `changeLink`, without waiting.
 * @returns a function that waits for the acknowledgement; call it exactly once. It throws
 *   KernelError
 */
export function startLinkChange(
  socket: NetlinkSocket,
  index: number,
  change: LinkChange,
): () => void {
  return socket.start(linkRequest(index, change))
}

/** Detaches the XDP program of a mode. */
export function detachXdp(socket: NetlinkSocket, index: number, mode: XdpMode): void {
  const attributes = [nested(IFLA.xdp, encodeXdpDetachment(mode))]
  socket.request({ type: RTM.newLink, header: linkHeader(index, 0), attributes })
}

/** Request to delete a device. */
export function removalRequest(index: number): Request {
  return { type: RTM.deleteLink, header: linkHeader(index, 0) }
}

/** Request to give a device an alternative name, or to take it away. */
export function alternativeNameRequest(
  index: number,
  how: 'add' | 'remove',
  name: string,
): Request {
  return {
    type: how === 'add' ? RTM.newLinkProperties : RTM.deleteLinkProperties,
    flags: how === 'add' ? Flag.create | Flag.exclusive : 0,
    header: linkHeader(index, 0),
    attributes: [nested(IFLA.propList, [text(IFLA.altIfname, name)])],
  }
}

function linkRequest(index: number, change: LinkChange): Request {
  const attributes: Attribute[] = []
  if (change.namespaceFd !== undefined)
    attributes.push(u32(IFLA.netNamespaceFd, change.namespaceFd))
  if (change.index !== undefined) attributes.push(u32(IFLA.newIndex, change.index))
  if (change.name !== undefined) attributes.push(text(IFLA.ifname, change.name))
  if (change.alias !== undefined) attributes.push(bytes(IFLA.ifalias, bytesOfText(change.alias)))
  if (change.hardwareAddress !== undefined)
    attributes.push(bytes(IFLA.address, hardwareAddressBytes(change.hardwareAddress)))
  if (change.broadcastAddress !== undefined)
    attributes.push(bytes(IFLA.broadcast, hardwareAddressBytes(change.broadcastAddress)))
  if (change.mtu !== undefined) attributes.push(u32(IFLA.mtu, change.mtu))
  if (change.operationalState !== undefined)
    attributes.push(u8(IFLA.operationalState, change.operationalState))
  if (change.linkMode !== undefined) attributes.push(u8(IFLA.linkMode, change.linkMode))
  if (change.protocolDown !== undefined)
    attributes.push(u8(IFLA.protocolDown, change.protocolDown ? 1 : 0))
  if (change.protocolDownReasons !== undefined)
    attributes.push(nested(IFLA.protocolDownReasons, encodeReasons(change.protocolDownReasons)))
  if (change.driverSettings !== undefined)
    attributes.push(nested(IFLA.linkInfo, encodeDriverSettings(change.driverSettings)))
  if (change.master !== undefined) attributes.push(u32(IFLA.master, change.master))
  if (change.token !== undefined) attributes.push(nested(IFLA.afSpec, encodeToken(change.token)))
  const { settable = {}, up } = change
  attributes.push(...encodeSettable(settable))
  const mask = settable.flags === undefined ? 0 : SETTABLE_FLAGS
  const flags = (settable.flags ?? 0) | (up ? IFF_UP : 0)
  const header = linkHeader(index, flags, mask | (up === undefined ? 0 : IFF_UP))
  return { type: RTM.newLink, header, attributes }
}
