import { type NetlinkMessage, readS32, readU32, writeS32, writeU32 } from 'netlink/dist/structs'
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
import { decodeSettings } from './link-settings.js'
import { MessageType, type Request } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Link attributes (linux/if_link.h). */
const IFLA = {
  address: 1,
  ifname: 3,
  mtu: 4,
  link: 5,
  linkInfo: 18,
  ifalias: 20,
  afSpec: 26,
  netNamespaceFd: 28,
  extMask: 29,
  linkNamespace: 37,
  propList: 52,
  altIfname: 53,
  permanentAddress: 54,
  parentDeviceName: 56,
  parentDeviceBus: 57,
  /** Of newer kernels. */
  netnsImmutable: 67,
} as const

/**
 * The fixed part of a link message, struct ifinfomsg. Read and written here: the
 * codec's functions for it drag a table of all kinds of hardware into every start.
 */
const FIXED_BYTES = 16
const INDEX_OFFSET = 4
const FLAGS_OFFSET = 8
const CHANGE_OFFSET = 12
const IFF_UP = 1
const IFF_LOOPBACK = 8

/** In IFLA_LINKINFO. */
const IFLA_INFO_KIND = 1
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
    return answer && { ...decodeLink(answer), ...settingsIn(answer) }
  } catch (error) {
    if (error instanceof KernelError && error.is('ENODEV')) return undefined
    throw error
  }
}

/** All devices of the socket's namespace. */
export function dumpLinks(socket: RouteSocket): Link[] {
  return dump(socket).map(decodeLink)
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
    .map((answer) => ({ link: decodeLink(answer), independent: isIndependent(answer) }))
    .filter(({ link }) => link.hardwareAddress === address)
  return (found.find(({ independent }) => independent) ?? found[0])?.link
}

/** Whether a device has its hardware address from nobody else in this namespace. */
function isIndependent({ data }: NetlinkMessage): boolean {
  const attributes = decodeAttributes(data.subarray(FIXED_BYTES))
  const has = (type: number) => attributes.some((attribute) => attribute.type === type)
  // The other end of a wire is a link, too, but in a namespace of its own.
  const madeOnAnother = has(IFLA.link) && !has(IFLA.linkNamespace)
  const info = attributes.find(({ type }) => type === IFLA.linkInfo)
  const kind = info && decodeAttributes(info.data).find(({ type }) => type === IFLA_INFO_KIND)
  return !madeOnAnother && !(kind && MASTERS.includes(toText(kind.data)))
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
  const header = fixedPart(index, change.up ? IFF_UP : 0)
  return { type: MessageType.NEWLINK, header, attributes }
}

/** A link message about a device, with flags to set. */
function fixedPart(index: number, flags: number): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32.call(header, index, INDEX_OFFSET)
  writeU32.call(header, flags, FLAGS_OFFSET)
  writeU32.call(header, flags, CHANGE_OFFSET)
  return header
}

/** Apart from the rest: of all the devices of a host, nobody wants them. */
function settingsIn({ data }: NetlinkMessage): Pick<Link, 'settings'> {
  const attributes = decodeAttributes(data.subarray(FIXED_BYTES))
  const afSpec = attributes.find(({ type }) => type === IFLA.afSpec)
  return afSpec ? { settings: decodeSettings(afSpec.data) } : {}
}

function decodeLink({ data }: NetlinkMessage): Link {
  const flags = readU32.call(data, FLAGS_OFFSET)
  const link: Link = {
    index: readS32.call(data, INDEX_OFFSET),
    name: '',
    alternativeNames: [],
    hardwareAddress: '',
    mtu: 0,
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    immovable: false,
  }
  const parent = ['', '']
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const value = attribute.data
    if (attribute.type === IFLA.ifname) link.name = toText(value)
    else if (attribute.type === IFLA.mtu) link.mtu = toNumber(value)
    else if (attribute.type === IFLA.ifalias) link.alias = toText(value)
    else if (attribute.type === IFLA.address) link.hardwareAddress = hardwareAddressText(value)
    else if (attribute.type === IFLA.permanentAddress)
      link.permanentAddress = hardwareAddressText(value)
    else if (attribute.type === IFLA.parentDeviceName) parent[1] = toText(value)
    else if (attribute.type === IFLA.parentDeviceBus) parent[0] = toText(value)
    else if (attribute.type === IFLA.netnsImmutable) link.immovable = value[0] === 1
    else if (attribute.type === IFLA.propList)
      link.alternativeNames = decodeAttributes(value).map(({ data: name }) => toText(name))
  }
  if (parent[1]) link.parentDevice = parent.join('/')
  return link
}
