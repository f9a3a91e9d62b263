import { KernelError } from '../kernel-error.js'
import { bytesOfText } from '../kernel-text.js'
import { type Attribute, dataOf, decodeAttributes, text, toText, u32 } from './attributes.js'
import { RTM } from './constants.js'
import { LINK_INFO } from './driver-settings.js'
import { decodeAfSpec } from './link-attributes.js'
import { attributesOf, decodeLink, IFLA, linkHeader } from './link-message.js'
import type { Link, PresentLink } from './link-schema.js'
import type { Payload, Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** Leaves the statistics out of the answer (linux/rtnetlink.h). */
const RTEXT_FILTER_SKIP_STATS = 8

/**
 * Maximum size of a main name, with its closing zero byte (linux/if.h). Alternative names may be
 * longer.
 */
const IFNAMSIZ = 16

/** Maximum size of an alternative name, with its closing zero byte (linux/if.h). */
const ALTIFNAMSIZ = 128

/**
 * The kernel counts the bytes of IFLA_LINKINFO in 16 bits. In a longer message it may have counted wrong,
 * and what looks like attributes may be anything.
 */
const MOST_BYTES = 0xffff
const EMSGSIZE = 90

/** Kinds of master devices. */
const MASTERS = ['bridge', 'bond', 'team', 'hsr']

/** The last answer about a device in a namespace: a call looks again under a lock. */
const seen = new WeakMap<NetlinkSocket, { data: Buffer; link: PresentLink }>()

/**
 * Finds a device by name, alternative name or index.
 * @returns undefined if there is none in the socket's namespace
 * @throws KernelError if the kernel cannot tell of it; see `isUnreadable`
 */
export function findLink(
  socket: NetlinkSocket,
  by: { name: string } | { index: number },
): PresentLink | undefined {
  const attributes = [u32(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)]
  // Nothing can have such a name; the kernel would refuse the request as a whole.
  if ('name' in by && bytesOfText(by.name).length >= ALTIFNAMSIZ) return undefined
  if ('name' in by) attributes.push(byName(by.name))
  const header = linkHeader('index' in by ? by.index : 0, 0)
  try {
    const [answer] = socket.request({ type: RTM.getLink, header, attributes })
    if (!answer) return undefined
    const last = seen.get(socket)
    if (last?.data.equals(answer.data)) return last.link
    if (answer.data.length > MOST_BYTES) throw new KernelError(EMSGSIZE)
    const link = decodeWhole(answer)
    seen.set(socket, { data: answer.data, link })
    return link
  } catch (error) {
    if (error instanceof KernelError && error.is('ENODEV')) return undefined
    throw error
  }
}

/**
 * Whether a device is there of which the kernel cannot tell in one message: a macvlan receives from as many
 * MACs as whoever rules its namespace has added, and all of them are in its message.
 */
export function isUnreadable(error: unknown): boolean {
  return error instanceof KernelError && (error.is('EMSGSIZE') || error.is('ENOBUFS'))
}

/** What `look` finds; undefined also where that is a device of which the kernel cannot tell. */
export function unlessUnreadable<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/**
 * A device of a sandbox, of which the kernel said that it has this index.
 * @returns undefined if it is gone; without anything but its index if the kernel cannot tell of it
 */
export function findLinkAt(socket: NetlinkSocket, index: number): PresentLink | undefined {
  try {
    return findLink(socket, { index })
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const link = decodeLink({ data: linkHeader(index, 0) }, [])
    return { ...link, name: `#${index}`, settings: {} }
  }
}

/** Decodes a link with its settings. */
function decodeWhole(answer: Payload, reported = attributesOf(answer)): PresentLink {
  const afSpec = dataOf(reported, IFLA.afSpec)
  const link = decodeLink(answer, reported)
  return { ...link, settings: afSpec ? decodeAfSpec(afSpec) : {} }
}

/**
 * The first device of the socket's namespace that meets a condition.
 * @param isWanted is asked about devices without their settings: few are wanted
 */
export function findLinkThat(
  socket: NetlinkSocket,
  isWanted: (link: Link) => boolean,
): PresentLink | undefined {
  const begin = (): { link?: PresentLink } => ({})
  return socket.fold([dumpRequest()], begin, (found, { bytes }, start, end) => {
    if (found.link || end - start > MOST_BYTES) return
    const answer = { data: bytes.subarray(start, end) }
    const attributes = attributesOf(answer)
    if (isWanted(decodeLink(answer, attributes))) found.link = decodeWhole(answer, attributes)
  }).link
}

/**
 * Finds devices by MAC address. A vlan or macvlan shares its parent's address, a bridge or bond
 * one of its ports': such a device is returned only if no other has the address.
 * @param address in lower case, with colons
 */
export function findLinksByHardwareAddress(socket: NetlinkSocket, address: string): Link[] {
  const found = dump(socket)
    .map((answer) => ({ answer, attributes: attributesOf(answer) }))
    .map(({ answer, attributes }) => ({
      link: decodeLink(answer, attributes),
      independent: isIndependent(attributes),
    }))
    .filter(({ link }) => link.hardwareAddress === address)
  const own = found.filter(({ independent }) => independent)
  return (own.length > 0 ? own : found).map(({ link }) => link)
}

function dump(socket: NetlinkSocket): Payload[] {
  return socket.dump(dumpRequest())
}

function dumpRequest(): Request {
  const attributes = [u32(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)]
  return { type: RTM.getLink, header: linkHeader(0, 0), attributes }
}

/**
 * IFLA_IFNAME takes up to 15 bytes and also matches alternative names; a longer name must be in
 * IFLA_ALT_IFNAME.
 */
function byName(name: string): Attribute {
  return text(bytesOfText(name).length < IFNAMSIZ ? IFLA.ifname : IFLA.altIfname, name)
}

/** Whether the MAC is the device's own, not that of another device in this namespace. */
function isIndependent(attributes: Attribute[]): boolean {
  const info = dataOf(attributes, IFLA.linkInfo)
  const kindData = info && dataOf(decodeAttributes(info), LINK_INFO.kind)
  const kind = kindData ? toText(kindData) : ''
  // A veth has its peer there, which may be on the host, too.
  if (kind === 'veth') return true
  const madeOnAnother = dataOf(attributes, IFLA.link) && !dataOf(attributes, IFLA.linkNamespace)
  return !madeOnAnother && !MASTERS.includes(kind)
}
