import { addressText } from '../ip-address.js'
import { KernelError } from '../kernel-error.js'
import { bytesOfText } from '../kernel-text.js'
import type { LinkSettings } from '../link-settings.js'
import { type Attribute, decodeAttributes, text, toNumber, toText, u32 } from './attributes.js'
import { hardwareAddressText, readS32, readU32, writeS32, writeU32 } from './bytes.js'
import { AF, RTM } from './constants.js'
import { decodeDriverSettings, LINK_INFO } from './driver-settings.js'
import type { Link, Settable, XdpMode } from './link-schema.js'
import { decodeSettable, SETTABLE_FLAGS, SETTABLE_TYPES } from './link-settable.js'
import type { Payload, Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** Attributes of a link (IFLA_* of linux/if_link.h). */
export const IFLA = {
  address: 1,
  broadcast: 2,
  ifname: 3,
  mtu: 4,
  link: 5,
  qdisc: 6,
  master: 10,
  operationalState: 16,
  linkMode: 17,
  linkInfo: 18,
  ifalias: 20,
  afSpec: 26,
  netNamespaceFd: 28,
  extMask: 29,
  linkNamespace: 37,
  xdp: 43,
  protocolDown: 39,
  newIndex: 49,
  propList: 52,
  altIfname: 53,
  permanentAddress: 54,
  protocolDownReasons: 55,
  parentDeviceName: 56,
  parentDeviceBus: 57,
  /** Only newer kernels report it. */
  netnsImmutable: 67,
} as const

/** In `IFLA.protocolDownReasons` (IFLA_PROTO_DOWN_REASON_* of linux/if_link.h). */
export const PROTOCOL_DOWN_REASONS = { mask: 1, value: 2 } as const

/** In `IFLA.xdp`: the program of each mode (IFLA_XDP_* of linux/if_link.h). */
const XDP_PROGRAM_IDS = new Map<number, XdpMode>([
  [5, 'driver'],
  [6, 'generic'],
  [7, 'hardware'],
])

/** In `IFLA.afSpec`, below the family (linux/if_link.h). */
const IFLA_INET_CONF = 1
const IFLA_INET6_CONF = 2
export const IFLA_INET6_TOKEN = 7
/** The token of a device for which none was set. */
const NO_TOKEN = '::'

/** struct ifinfomsg: its size, and the offsets of its fields. */
const FIXED_BYTES = 16
const OFFSET = { index: 4, flags: 8, change: 12 } as const
/** Flags of a device (linux/if.h). */
export const IFF_UP = 1
const IFF_LOOPBACK = 8

/** Leaves the statistics out of the answer (linux/rtnetlink.h). */
const RTEXT_FILTER_SKIP_STATS = 8

/**
 * Maximum size of a main name, with its closing zero byte (linux/if.h). Alternative names may be
 * longer.
 */
const IFNAMSIZ = 16

/** Maximum size of an alternative name, with its closing zero byte (linux/if.h). */
const ALTIFNAMSIZ = 128

/** Kinds of master devices. */
const MASTERS = ['bridge', 'bond', 'team', 'hsr']

/**
 * Finds a device by name, alternative name or index.
 * @returns undefined if there is none in the socket's namespace
 */
export function findLink(
  socket: NetlinkSocket,
  by: { name: string } | { index: number },
): Link | undefined {
  const attributes = [u32(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)]
  // Nothing can have such a name; the kernel would refuse the request as a whole.
  if ('name' in by && bytesOfText(by.name).length >= ALTIFNAMSIZ) return undefined
  if ('name' in by) attributes.push(byName(by.name))
  const header = linkHeader('index' in by ? by.index : 0, 0)
  try {
    const [answer] = socket.request({ type: RTM.getLink, header, attributes })
    if (!answer) return undefined
    const reported = attributesOf(answer)
    const afSpec = find(reported, IFLA.afSpec)
    const link = decodeLink(answer, reported)
    return afSpec ? { ...link, settings: decodeSettings(afSpec) } : link
  } catch (error) {
    if (error instanceof KernelError && error.is('ENODEV')) return undefined
    throw error
  }
}

/** The first device of the socket's namespace that meets a condition; it comes without settings. */
export function findLinkThat(
  socket: NetlinkSocket,
  isWanted: (link: Link) => boolean,
): Link | undefined {
  const begin = (): { link?: Link } => ({})
  return socket.fold([dumpRequest()], begin, (found, { bytes }, start, end) => {
    const answer = { data: bytes.subarray(start, end) }
    const link = found.link ?? decodeLink(answer, attributesOf(answer))
    if (!found.link && isWanted(link)) found.link = link
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

/** struct ifinfomsg of a request, with flags to set and clear. */
export function linkHeader(index: number, flags: number, change = flags): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32(header, index, OFFSET.index)
  writeU32(header, flags, OFFSET.flags)
  writeU32(header, change, OFFSET.change)
  return header
}

/** The attributes of interest in a message about a link, which has dozens of others. */
export function attributesOf({ data }: Payload): Attribute[] {
  return decodeAttributes(data.subarray(FIXED_BYTES), OF_INTEREST)
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
  // A veth's IFLA_LINK is its peer; IFLA_LINK_NETNSID shows that it is in another namespace.
  const madeOnAnother = find(attributes, IFLA.link) && !find(attributes, IFLA.linkNamespace)
  const info = find(attributes, IFLA.linkInfo)
  const kind = info && find(decodeAttributes(info), LINK_INFO.kind)
  return !madeOnAnother && !(kind && MASTERS.includes(toText(kind)))
}

const OF_INET6 = new Set([IFLA_INET6_CONF, IFLA_INET6_TOKEN])

/** Decodes the settings in IFLA_AF_SPEC. A kernel without IPv6 reports only those of IPv4. */
function decodeSettings(afSpec: Buffer): LinkSettings {
  const settings: LinkSettings = {}
  const hexadecimal = (attributes: Attribute[], wanted: number) =>
    find(attributes, wanted)?.toString('hex') ?? ''
  for (const { type, data } of decodeAttributes(afSpec)) {
    if (type === AF.inet) settings.ipv4 = hexadecimal(decodeAttributes(data), IFLA_INET_CONF)
    else if (type === AF.inet6) {
      const attributes = decodeAttributes(data, OF_INET6)
      settings.ipv6 = hexadecimal(attributes, IFLA_INET6_CONF)
      const token = find(attributes, IFLA_INET6_TOKEN)
      const text = token && addressText(token)
      if (text && text !== NO_TOKEN) settings.token = text
    }
  }
  return settings
}

/** What an attribute says of a link. */
const DECODERS = new Map<number, (value: Buffer) => Partial<Link>>([
  [IFLA.ifname, (value) => ({ name: toText(value) })],
  [IFLA.mtu, (value) => ({ mtu: toNumber(value) })],
  [IFLA.linkMode, (value) => ({ linkMode: value[0] ?? 0 })],
  [IFLA.operationalState, (value) => ({ operationalState: value[0] ?? 0 })],
  [IFLA.ifalias, (value) => ({ alias: toText(value) })],
  [IFLA.address, (value) => ({ hardwareAddress: hardwareAddressText(value) })],
  [IFLA.broadcast, (value) => ({ broadcastAddress: hardwareAddressText(value) })],
  [IFLA.permanentAddress, (value) => ({ permanentAddress: hardwareAddressText(value) })],
  [IFLA.netnsImmutable, (value) => ({ netnsImmutable: value[0] === 1 })],
  [IFLA.master, (value) => ({ master: toNumber(value) })],
  [IFLA.qdisc, (value) => ({ qdisc: toText(value) })],
  [IFLA.protocolDown, (value) => ({ protocolDown: value[0] === 1 })],
  [IFLA.protocolDownReasons, (value) => ({ protocolDownReasons: decodeReasons(value) })],
  [IFLA.linkInfo, driverSettings],
  [IFLA.xdp, decodeXdp],
  [IFLA.propList, (value) => ({ alternativeNames: decodeAlternativeNames(value) })],
])

const OF_INTEREST: ReadonlySet<number> = new Set([
  ...DECODERS.keys(),
  ...SETTABLE_TYPES,
  ...[IFLA.parentDeviceName, IFLA.parentDeviceBus],
  ...[IFLA.link, IFLA.linkNamespace, IFLA.afSpec],
])

/**
 * Decodes a link.
 * @param attributes those of the message
 */
export function decodeLink({ data }: Payload, attributes: Attribute[]): Link {
  const flags = readU32(data, OFFSET.flags)
  const link: Link = {
    index: readS32(data, OFFSET.index),
    name: '',
    alternativeNames: [],
    hardwareAddress: '',
    mtu: 0,
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    netnsImmutable: false,
    // The kernel reports them only where there are some.
    protocolDownReasons: 0,
  }
  const settable: Settable = { flags: flags & SETTABLE_FLAGS }
  const parent = { bus: '', name: '' }
  for (const attribute of attributes) {
    const { type, data: value } = attribute
    const decode = DECODERS.get(type)
    if (decode) Object.assign(link, decode(value))
    else if (type === IFLA.parentDeviceName) parent.name = toText(value)
    else if (type === IFLA.parentDeviceBus) parent.bus = toText(value)
    else decodeSettable(attribute, settable)
  }
  link.settable = settable
  if (parent.name) link.parentDevice = `${parent.bus}/${parent.name}`
  return link
}

function decodeReasons(data: Buffer): number {
  const value = find(decodeAttributes(data), PROTOCOL_DOWN_REASONS.value)
  return value ? toNumber(value) : 0
}

function driverSettings(linkInfo: Buffer): Pick<Link, 'driverSettings'> {
  const settings = decodeDriverSettings(linkInfo)
  return settings ? { driverSettings: settings } : {}
}

function decodeAlternativeNames(data: Buffer): string[] {
  return decodeAttributes(data).map(({ data: name }) => toText(name))
}

/** Nothing where no program is attached. */
function decodeXdp(data: Buffer): Pick<Link, 'xdp'> {
  const xdp = decodeAttributes(data).flatMap(({ type, data: id }) => {
    const mode = XDP_PROGRAM_IDS.get(type)
    return mode ? [{ mode, program: toNumber(id) }] : []
  })
  return xdp.length === 0 ? {} : { xdp }
}

function find(attributes: Attribute[], wanted: number): Buffer | undefined {
  return attributes.find(({ type }) => type === wanted)?.data
}
