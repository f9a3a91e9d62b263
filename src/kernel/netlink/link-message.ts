import { type NetlinkMessage, readS32, readU32, writeS32, writeU32 } from 'netlink/dist/structs'
import { hardwareAddressText } from '../hardware-address.js'
import type { Link } from '../objects/link.js'
import { type Attribute, decodeAttributes, toNumber, toText } from './attributes.js'
import { decodeSettings } from './link-settings.js'

/** Link attributes (linux/if_link.h). */
export const IFLA = {
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

/** In `IFLA.linkInfo`. */
export const LINK_INFO = { kind: 1, data: 2 } as const

/**
 * The fixed part of a link message, struct ifinfomsg. Read and written here: the
 * codec's functions for it drag a table of all kinds of hardware into every start.
 */
const FIXED_BYTES = 16
const INDEX_OFFSET = 4
const FLAGS_OFFSET = 8
const CHANGE_OFFSET = 12
export const IFF_UP = 1
const IFF_LOOPBACK = 8

/** The fixed part of a message about a device, with flags to set. */
export function fixedPart(index: number, flags: number): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  writeS32.call(header, index, INDEX_OFFSET)
  writeU32.call(header, flags, FLAGS_OFFSET)
  writeU32.call(header, flags, CHANGE_OFFSET)
  return header
}

/** The attributes of a link that the kernel reports. */
export function attributesOf({ data }: NetlinkMessage): Attribute[] {
  return decodeAttributes(data.subarray(FIXED_BYTES))
}

/** The settings of a link, apart from the rest: of all the devices of a host, nobody wants them. */
export function settingsIn(attributes: Attribute[]): Pick<Link, 'settings'> {
  const afSpec = attributes.find(({ type }) => type === IFLA.afSpec)
  return afSpec ? { settings: decodeSettings(afSpec.data) } : {}
}

/**
 * A link that the kernel reports, without its settings.
 * @param attributes those of the answer
 */
export function decodeLink({ data }: NetlinkMessage, attributes: Attribute[]): Link {
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
  for (const attribute of attributes) {
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
