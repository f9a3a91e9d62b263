import { addressBytes, splitPrefix } from '../ip-address.js'
import { FIRST_HALF, SECOND_HALF, wordsOf } from './bytes.js'
import { RTA } from './constants.js'
import type { Datagram } from './message.js'

/** Size of struct rtmsg, the fixed part of a message about a route. */
export const ROUTE_FIXED_BYTES = 12
/** Where it has the length of the destination. */
export const DESTINATION_LENGTH_OFFSET = 1

/** What is read of a route before it is decoded: its destination. */
interface Glimpse {
  /** Digest of the destination, without its length; 0 for a default route. */
  destination: number
  /** Where the bytes of the destination are in the datagram; both 0 for a default route. */
  destinationStart: number
  destinationEnd: number
}

const seen: Glimpse = { destination: 0, destinationStart: 0, destinationEnd: 0 }

/**
 * Walks over the attributes of a route, without calls and objects for each: they would take most of
 * the time.
 * @returns the same object for every route
 */
export function glimpseAt({ words }: Datagram, start: number, end: number): Glimpse {
  seen.destination = 0
  seen.destinationStart = 0
  seen.destinationEnd = 0
  for (let at = (start + ROUTE_FIXED_BYTES) >> 2; at < end >> 2; ) {
    const header = words[at] as number
    const length = (header >>> FIRST_HALF) & 0xffff
    const type = (header >>> SECOND_HALF) & 0xffff
    if (length < 4 || at * 4 + length > end) break
    if (type === RTA.destination) {
      seen.destination = digestAt(words, at + 1, length >> 2)
      seen.destinationStart = at * 4 + 4
      seen.destinationEnd = at * 4 + length
      break
    }
    at += (length + 3) >> 2
  }
  return seen
}

/** A number that is the same for the same address. Others may have it, too. */
function digestAt(words: Uint32Array, first: number, count: number): number {
  let digest = 0
  for (let n = 0; n + 1 < count; n++) digest ^= words[first + n] as number
  return digest
}

/** The digest of an address. */
function digestOfAddress(text: string): number {
  const words = wordsOf(Buffer.from(addressBytes(text)))
  return digestAt(words, 0, words.length + 1)
}

/** The digests of prefixes. */
export function digestsOf(destinations: Iterable<string>): Set<number> {
  const digests = new Set<number>()
  for (const destination of destinations)
    digests.add(digestOfAddress(splitPrefix(destination).address))
  return digests
}
