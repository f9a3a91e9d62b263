import ipaddr from 'ipaddr.js'
import type { Family } from './objects/family.js'

/** Linux's numbers of the address families (bits/socket.h). */
export const AF_INET = 2
export const AF_INET6 = 10

/** The family of that number, or undefined for one that carries no IP addresses. */
export function familyOf(number: number | undefined): Family | undefined {
  if (number === AF_INET) return 'inet'
  if (number === AF_INET6) return 'inet6'
  return undefined
}

export function familyNumber(family: Family): number {
  return family === 'inet' ? AF_INET : AF_INET6
}

/** The length of a family's addresses, in bits. */
export function addressBits(family: Family): 32 | 128 {
  return family === 'inet' ? 32 : 128
}

/** The usual text of an address: dotted, or as RFC 5952 compresses it. */
export function addressText(bytes: Buffer): string {
  return ipaddr.fromByteArray([...bytes]).toString()
}

/** The 4 or 16 bytes of an address. */
export function addressBytes(text: string): Buffer {
  return Buffer.from(ipaddr.parse(text).toByteArray())
}

/** Whether an address lies in a prefix such as "fe80::/10"; false across families. */
export function prefixCovers(prefix: string, address: string): boolean {
  const network = ipaddr.parseCIDR(prefix)
  const candidate = ipaddr.parse(address)
  return candidate.kind() === network[0].kind() && candidate.match(network as never)
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
