import { addressBytes, addressText } from '../ip-address.js'
import type { LinkSettings } from '../link-settings.js'
import {
  type Attribute,
  bytes,
  dataOf,
  decodeAttributes,
  nested,
  toNumber,
  u32,
} from './attributes.js'
import { AF } from './constants.js'
import type { Link, XdpMode } from './link-schema.js'

/** Attributes in IFLA_AF_SPEC, below the family (linux/if_link.h). */
const IFLA_INET_CONF = 1
const IFLA_INET6_CONF = 2
const IFLA_INET6_TOKEN = 7
/** The token of a device for which none was set. */
const NO_TOKEN = '::'

const OF_INET6 = new Set([IFLA_INET6_CONF, IFLA_INET6_TOKEN])

/** The settings in IFLA_AF_SPEC. A kernel without IPv6 reports only those of IPv4. */
export function decodeAfSpec(afSpec: Buffer): LinkSettings {
  const settings: LinkSettings = {}
  const hexadecimal = (attributes: Attribute[], wanted: number) =>
    dataOf(attributes, wanted)?.toString('hex') ?? ''
  for (const { type, data } of decodeAttributes(afSpec)) {
    if (type === AF.inet) settings.ipv4 = hexadecimal(decodeAttributes(data), IFLA_INET_CONF)
    else if (type === AF.inet6) {
      const attributes = decodeAttributes(data, OF_INET6)
      settings.ipv6 = hexadecimal(attributes, IFLA_INET6_CONF)
      const token = dataOf(attributes, IFLA_INET6_TOKEN)
      const text = token && addressText(token)
      if (text && text !== NO_TOKEN) settings.token = text
    }
  }
  return settings
}

/** The content of IFLA_AF_SPEC that sets the token of a device, such as "::77". */
export function encodeToken(token: string): Attribute[] {
  return [nested(AF.inet6, [bytes(IFLA_INET6_TOKEN, addressBytes(token))])]
}

/** Attributes in IFLA_XDP, and flags for one of them (IFLA_XDP_* and XDP_FLAGS_* of linux/if_link.h). */
const XDP = { fd: 1, flags: 3, driverProgram: 5, genericProgram: 6, hardwareProgram: 7 } as const
const XDP_FLAGS = { generic: 2, driver: 4, hardware: 8 } as const
/** In place of a program: none. */
const NONE = 0xffffffff

const MODES = new Map<number, XdpMode>([
  [XDP.driverProgram, 'driver'],
  [XDP.genericProgram, 'generic'],
  [XDP.hardwareProgram, 'hardware'],
])

/** The programs in IFLA_XDP. */
export function decodeXdp(data: Buffer): NonNullable<Link['xdp']> {
  return decodeAttributes(data).flatMap(({ type, data: id }) => {
    const mode = MODES.get(type)
    return mode ? [{ mode, program: toNumber(id) }] : []
  })
}

/** The content of IFLA_XDP that detaches the program of a mode. */
export function encodeXdpDetachment(mode: XdpMode): Attribute[] {
  return [u32(XDP.fd, NONE), u32(XDP.flags, XDP_FLAGS[mode])]
}

/** Attributes in IFLA_PROTO_DOWN_REASON (IFLA_PROTO_DOWN_REASON_* of linux/if_link.h). */
const REASONS = { mask: 1, value: 2 } as const
/** The mask of a change of all reasons. */
const ALL_REASONS = 0xffffffff

/** The reasons in IFLA_PROTO_DOWN_REASON, a bit for each. */
export function decodeReasons(data: Buffer): number {
  const value = dataOf(decodeAttributes(data), REASONS.value)
  return value ? toNumber(value) : 0
}

/** The content of IFLA_PROTO_DOWN_REASON that sets these reasons, and takes all others away. */
export function encodeReasons(reasons: number): Attribute[] {
  return [u32(REASONS.mask, ALL_REASONS), u32(REASONS.value, reasons)]
}
