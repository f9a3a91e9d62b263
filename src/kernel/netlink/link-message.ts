import { type Attribute, decodeAttributes, toNumber, toText } from './attributes.js'
import { hardwareAddressText, readS32, readU32, writeS32, writeU32 } from './bytes.js'
import { decodeDriverSettings } from './driver-settings.js'
import { decodeReasons, decodeXdp } from './link-attributes.js'
import type { Link, Settable } from './link-schema.js'
import { decodeSettable, SETTABLE_FLAGS, SETTABLE_TYPES } from './link-settable.js'
import type { Payload } from './message.js'

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
  protocolDown: 39,
  xdp: 43,
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

/** struct ifinfomsg: its size, and the offsets of its fields (linux/rtnetlink.h). */
const FIXED_BYTES = 16
const OFFSET = { index: 4, flags: 8, change: 12 } as const
/** Flags of a device (linux/if.h). */
export const IFF_UP = 1
const IFF_LOOPBACK = 8

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
  [IFLA.xdp, xdpPrograms],
  [IFLA.propList, (value) => ({ alternativeNames: decodeAlternativeNames(value) })],
])

const OF_INTEREST: ReadonlySet<number> = new Set([
  ...DECODERS.keys(),
  ...SETTABLE_TYPES,
  IFLA.parentDeviceName,
  IFLA.parentDeviceBus,
  IFLA.link,
  IFLA.linkNamespace,
  IFLA.afSpec,
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

function driverSettings(linkInfo: Buffer): Pick<Link, 'driverSettings'> {
  const settings = decodeDriverSettings(linkInfo)
  return settings ? { driverSettings: settings } : {}
}

function xdpPrograms(data: Buffer): Pick<Link, 'xdp'> {
  const xdp = decodeXdp(data)
  return xdp.length === 0 ? {} : { xdp }
}

function decodeAlternativeNames(data: Buffer): string[] {
  return decodeAttributes(data).map(({ data: name }) => toText(name))
}
