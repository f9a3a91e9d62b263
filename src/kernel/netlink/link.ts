import type { NetlinkMessage } from 'netlink/dist/structs'
import { KernelError } from '../kernel-error.js'
import type { Link } from '../objects/link.js'
import { type Attribute, decodeAttributes, text, toText, u32 } from './attributes.js'
import { attributesOf, decodeLink, fixedPart, IFLA, LINK_INFO, settingsIn } from './link-message.js'
import { MessageType } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Kinds of devices that others are put into. */
const MASTERS = ['bridge', 'bond', 'team', 'hsr']

/** Leave the statistics out of the answer. */
const RTEXT_FILTER_SKIP_STATS = 8

/**
 * Looks a device up by its name, which may be an alternative one, or by its index.
 * @returns undefined where there is none in the socket's namespace
 */
export function findLink(
  socket: RouteSocket,
  by: { name: string } | { index: number },
): Link | undefined {
  const attributes = [u32(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)]
  if ('name' in by) attributes.push(...byName(by.name))
  const header = fixedPart('index' in by ? by.index : 0, 0)
  try {
    const [answer] = socket.request({ type: MessageType.GETLINK, header, attributes })
    if (!answer) return undefined
    const told = attributesOf(answer)
    return { ...decodeLink(answer, told), ...settingsIn(told) }
  } catch (error) {
    if (error instanceof KernelError && error.is('ENODEV')) return undefined
    throw error
  }
}

/** All devices of the socket's namespace. */
export function dumpLinks(socket: RouteSocket): Link[] {
  return dump(socket).map((answer) => decodeLink(answer, attributesOf(answer)))
}

function dump(socket: RouteSocket): NetlinkMessage[] {
  const attributes = [u32(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)]
  return socket.dump({ type: MessageType.GETLINK, header: fixedPart(0, 0), attributes })
}

/**
 * Looks a device up by its hardware address. Others may have taken it over from
 * the device they were made on (a vlan, a macvlan) or that was put into them (a
 * bridge, a bond): those are only meant when there is no other.
 * @param address in lower case, with colons
 */
export function findLinkByHardwareAddress(socket: RouteSocket, address: string): Link | undefined {
  const found = dump(socket)
    .map((answer) => ({ answer, attributes: attributesOf(answer) }))
    .map(({ answer, attributes }) => ({
      link: decodeLink(answer, attributes),
      independent: isIndependent(attributes),
    }))
    .filter(({ link }) => link.hardwareAddress === address)
  return (found.find(({ independent }) => independent) ?? found[0])?.link
}

/** Whether a device has its hardware address from nobody else in this namespace. */
function isIndependent(attributes: Attribute[]): boolean {
  const has = (type: number) => attributes.some((attribute) => attribute.type === type)
  // The other end of a wire is a link, too, but in a namespace of its own.
  const madeOnAnother = has(IFLA.link) && !has(IFLA.linkNamespace)
  const info = attributes.find(({ type }) => type === IFLA.linkInfo)
  const kind = info && decodeAttributes(info.data).find(({ type }) => type === LINK_INFO.kind)
  return !madeOnAnother && !(kind && MASTERS.includes(toText(kind.data)))
}

/** The kernel finds a long name only where alternative names belong, and a short one anywhere. */
function byName(name: string): Attribute[] {
  return [text(Buffer.byteLength(name) < 16 ? IFLA.ifname : IFLA.altIfname, name)]
}
