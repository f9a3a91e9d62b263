import type { LinkSettings } from '../objects/link.js'
import { decodeAttributes } from './attributes.js'

const AF_INET = 2
const AF_INET6 = 10
/** In IFLA_AF_SPEC, below the family (linux/if_link.h). */
const IFLA_INET_CONF = 1
const IFLA_INET6_CONF = 2

/** The settings in IFLA_AF_SPEC; a kernel without IPv6 reports half of them. */
export function decodeSettings(afSpec: Buffer): LinkSettings {
  const settings: LinkSettings = {}
  for (const { type, data } of decodeAttributes(afSpec)) {
    if (type === AF_INET) settings.ipv4 = hexadecimal(data, IFLA_INET_CONF)
    else if (type === AF_INET6) settings.ipv6 = hexadecimal(data, IFLA_INET6_CONF)
  }
  return settings
}

function hexadecimal(family: Buffer, wanted: number): string {
  const found = decodeAttributes(family).find(({ type }) => type === wanted)
  return found ? found.data.toString('hex') : ''
}
