import { __LENGTH_Link, formatLink, parseLink } from 'netlink/dist/rt/gen_structs'
import type { NetlinkMessage } from 'netlink/dist/structs'
import { hardwareAddressText } from '../hardware-address.js'
import { KernelError } from '../kernel-error.js'
import type { Link } from '../objects/link.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  text,
  toNumber,
  toText,
  u32,
} from './attributes.js'
import { MessageType, type Request } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Link attributes (linux/if_link.h). */
const IFLA = {
  address: 1,
  ifname: 3,
  mtu: 4,
  ifalias: 20,
  netNamespaceFd: 28,
  extMask: 29,
  propList: 52,
  altIfname: 53,
} as const

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
  const header = formatLink({ index: 'index' in by ? by.index : 0 })
  try {
    const [answer] = socket.request({ type: MessageType.GETLINK, header, attributes })
    return answer && decodeLink(answer)
  } catch (error) {
    if (error instanceof KernelError && error.is('ENODEV')) return undefined
    throw error
  }
}

/** The kernel finds a long name only where alternative names belong, and a short one anywhere. */
function byName(name: string): Attribute[] {
  return [text(Buffer.byteLength(name) < 16 ? IFLA.ifname : IFLA.altIfname, name)]
}

/** What to change of a device; what is left out stays. */
export interface LinkChange {
  name?: string
  /** Empty takes the alias away. */
  alias?: string
  up?: true
  /** The namespace to move the device to, as an open file. */
  namespaceFd?: number
}

/**
 * Changes a device in one message. The kernel moves first, then renames, sets the
 * alias and brings the device up; it does not undo the first when a later one fails.
 * @throws KernelError when the kernel refuses
 */
export function changeLink(socket: RouteSocket, index: number, change: LinkChange): void {
  socket.request(linkRequest(index, change))
}

/**
 * Like `changeLink`, without waiting.
 * @returns waits until it is done; to be called once. Throws KernelError
 */
export function startLinkChange(
  socket: RouteSocket,
  index: number,
  change: LinkChange,
): () => void {
  return socket.start(linkRequest(index, change))
}

function linkRequest(index: number, change: LinkChange): Request {
  const attributes: Attribute[] = []
  if (change.namespaceFd !== undefined)
    attributes.push(u32(IFLA.netNamespaceFd, change.namespaceFd))
  if (change.name !== undefined) attributes.push(text(IFLA.ifname, change.name))
  if (change.alias !== undefined) attributes.push(bytes(IFLA.ifalias, Buffer.from(change.alias)))
  const up = change.up ? { up: change.up } : {}
  const header = formatLink({ index, flags: up, change: up })
  return { type: MessageType.NEWLINK, header, attributes }
}

function decodeLink({ data }: NetlinkMessage): Link {
  const { index, flags } = parseLink(data.subarray(0, __LENGTH_Link))
  const link: Link = {
    index: index ?? 0,
    name: '',
    alternativeNames: [],
    hardwareAddress: '',
    mtu: 0,
    up: flags?.up === true,
    loopback: flags?.loopback === true,
  }
  for (const attribute of decodeAttributes(data.subarray(__LENGTH_Link))) {
    const value = attribute.data
    if (attribute.type === IFLA.ifname) link.name = toText(value)
    else if (attribute.type === IFLA.mtu) link.mtu = toNumber(value)
    else if (attribute.type === IFLA.ifalias) link.alias = toText(value)
    else if (attribute.type === IFLA.address) link.hardwareAddress = hardwareAddressText(value)
    else if (attribute.type === IFLA.propList)
      link.alternativeNames = decodeAttributes(value).map(({ data: name }) => toText(name))
  }
  return link
}
