import { nativeAddon } from './native-addon.js'
import type { Family } from './netlink/common-schema.js'
import { AF } from './netlink/constants.js'

/** The family of a number in a message, or undefined for one that carries no IP addresses. */
export function familyOf(number: number | undefined): Family | undefined {
  if (number === AF.inet) return 'inet'
  if (number === AF.inet6) return 'inet6'
  return undefined
}

/** The number of a family in a message, AF_INET or AF_INET6. */
export function familyNumber(family: Family): number {
  return AF[family]
}

/** The usual text of 4 or 16 bytes: dotted, or compressed. The C library's inet_ntop(3). */
export function addressText(bytes: Buffer): string {
  return nativeAddon().addressText(bytes)
}

/**
 * The 4 or 16 bytes of an address. The C library's inet_pton(3).
 * @throws TypeError where the text is no address
 */
export function addressBytes(text: string): Buffer {
  return nativeAddon().addressBytes(text)
}

/** Whether an address lies in a prefix such as "fe80::/10"; false across families. */
export function prefixCovers(prefix: string, address: string): boolean {
  const { address: network, length } = splitPrefix(prefix)
  const [theirs, ours] = [addressBytes(network), addressBytes(address)]
  if (theirs.length !== ours.length) return false
  const whole = length >> 3
  const mask = 0xff00 >> (length & 7)
  return (
    theirs.subarray(0, whole).equals(ours.subarray(0, whole)) &&
    (((theirs[whole] ?? 0) ^ (ours[whole] ?? 0)) & mask & 0xff) === 0
  )
}

/** Splits "198.51.100.0/24" into "198.51.100.0" and 24. */
export function splitPrefix(prefix: string): { address: string; length: number } {
  const slash = prefix.lastIndexOf('/')
  return { address: prefix.slice(0, slash), length: Number(prefix.slice(slash + 1)) }
}

/** Whether a prefix covers every address of its family: that of a default route. */
export function coversEverything(prefix: string): boolean {
  return prefix.endsWith('/0')
}

/** The all-zero address. A default route has no destination attribute; this stands in for it. */
export function unspecifiedAddress(family: Family): string {
  return family === 'inet' ? '0.0.0.0' : '::'
}
