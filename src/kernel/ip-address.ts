import { nativeAddon } from './native-addon.js'
import type { Family } from './objects/family.js'

/** Linux's numbers of the address families (bits/socket.h). */
const AF_INET = 2
const AF_INET6 = 10

/** The family of that number, or undefined for one that carries no IP addresses. */
export function familyOf(number: number | undefined): Family | undefined {
  if (number === AF_INET) return 'inet'
  if (number === AF_INET6) return 'inet6'
  return undefined
}

export function familyNumber(family: Family): number {
  return family === 'inet' ? AF_INET : AF_INET6
}

/** The usual text of an address: dotted, or compressed. The C library's work. */
export function addressText(bytes: Buffer): string {
  return nativeAddon().addressText(bytes)
}

/** The 4 or 16 bytes of an address. */
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

/** "198.51.100.0" and 24 of "198.51.100.0/24". */
export function splitPrefix(prefix: string): { address: string; length: number } {
  const slash = prefix.lastIndexOf('/')
  return { address: prefix.slice(0, slash), length: Number(prefix.slice(slash + 1)) }
}

/** The address of all zero bits: what the kernel leaves out of a default route. */
export function unspecifiedAddress(family: Family): string {
  return family === 'inet' ? '0.0.0.0' : '::'
}
