import { nativeAddon } from './native-addon.js'
import type { Family } from './netlink/common-schema.js'
import { AF } from './netlink/constants.js'

/** The IP family of an AF_ number; undefined for other families. */
export function familyOf(number: number | undefined): Family | undefined {
  if (number === AF.inet) return 'inet'
  if (number === AF.inet6) return 'inet6'
  return undefined
}

/** The AF_ number of a family. */
export function familyNumber(family: Family): number {
  return AF[family]
}

/** Formats 4 or 16 bytes as inet_ntop(3) does. */
export function addressText(bytes: Buffer): string {
  return nativeAddon().addressText(bytes)
}

/**
 * Parses an address as inet_pton(3) does.
 * @returns 4 or 16 bytes
 * @throws TypeError if the text is not an address
 */
export function addressBytes(text: string): Buffer {
  return nativeAddon().addressBytes(text)
}

/**
 * The bytes of an address for a message. The kernel would take the first 4 of the 16 bytes of an IPv6
 * address for an IPv4 address, or take the attribute for none.
 * @throws TypeError also if the address is of the other family
 */
export function addressBytesIn(family: Family, text: string): Buffer {
  const bytes = addressBytes(text)
  if (bytes.length === ADDRESS_BYTES[family]) return bytes
  throw new TypeError(`${text} is no address of the family ${family}`)
}

/**
 * Formats addresses of one family, in one call for all.
 * @param bytes one address after the other
 * @returns the addresses with a space between
 */
export function addressListText(bytes: Buffer, family: Family): string {
  return nativeAddon().addressListText(bytes, ADDRESS_BYTES[family])
}

/**
 * Parses what `addressListText` returns.
 * @throws TypeError if it is anything else
 */
export function addressListBytes(text: string): Buffer {
  return nativeAddon().addressListBytes(text)
}

/** The size of an address. */
export const ADDRESS_BYTES: Record<Family, number> = { inet: 4, inet6: 16 }

/** Whether an address lies in a prefix such as "fe80::/10"; false if their families differ. */
export function prefixCovers(prefix: string, address: string): boolean {
  const { address: network, length } = splitPrefix(prefix)
  const [theirs, ours] = [addressBytes(network), addressBytes(address)]
  if (theirs.length !== ours.length) return false
  const whole = Math.min(length >> 3, ours.length)
  for (let n = 0; n < whole; n++) if (theirs[n] !== ours[n]) return false
  const mask = 0xff00 >> (length & 7)
  return (((theirs[whole] ?? 0) ^ (ours[whole] ?? 0)) & mask & 0xff) === 0
}

/** The network of an address, e.g. "198.51.100.0/24" for 198.51.100.5 and 24. */
export function networkOf(address: string, prefixLength: number): string {
  const bytes = addressBytes(address)
  const kept = (n: number) => Math.min(8, Math.max(0, prefixLength - 8 * n))
  const first = Buffer.from(bytes.map((byte, n) => byte & (0xff00 >> kept(n))))
  return `${addressText(first)}/${prefixLength}`
}

/** Splits "198.51.100.0/24" into "198.51.100.0" and 24. */
export function splitPrefix(prefix: string): { address: string; length: number } {
  const slash = prefix.lastIndexOf('/')
  return { address: prefix.slice(0, slash), length: Number(prefix.slice(slash + 1)) }
}

/** A prefix with its address as inet_ntop(3) writes it: "2001:DB8:0::/32" becomes "2001:db8::/32". */
export function canonicalPrefix(prefix: string): string {
  const { address, length } = splitPrefix(prefix)
  return `${addressText(addressBytes(address))}/${length}`
}

/** Whether an IPv6 address or prefix is in fe80::/10. */
export function isLinkLocal(text: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(text)
}

/** The prefix of each family that covers every address: the destinations of default routes. */
export const EVERYTHING = ['0.0.0.0/0', '::/0']

/** Whether a prefix covers every address of its family: "0.0.0.0/0" or "::/0". */
export function coversEverything(prefix: string): boolean {
  return prefix.endsWith('/0')
}

/** The all-zero address. A default route has no destination attribute; this stands in for it. */
export function unspecifiedAddress(family: Family): string {
  return family === 'inet' ? '0.0.0.0' : '::'
}
