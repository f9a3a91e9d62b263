import { nativeAddon } from '../native-addon.js'
import { HEADER_BYTES, wordsOf } from './bytes.js'
import type { Datagram } from './message.js'
import type { Route } from './route-schema.js'

/** Routes whose messages differ in nothing but the address of the destination. */
export interface Kind {
  like: Route
  /** The first one's message, with its header. */
  model: Datagram
  /** Where in the message the address is. */
  from: number
  size: number
  /** The addresses, some at a time. */
  addresses: Buffer[]
  /** Of so many routes. */
  count: number
  isPacked: boolean
}

/** The kind of a route, which has none so far; of the message, a copy is kept. */
export function newKind(like: Route, message: Buffer, from: number, size: number): Kind {
  const bytes = Buffer.from(message)
  const model = { bytes, words: wordsOf(bytes) }
  return { like, model, from, size, addresses: [], count: 0, isPacked: false }
}

/** Where struct rtmsg begins in a message, in words. */
const FIXED_WORD = HEADER_BYTES >> 2

/**
 * The addresses of routes of a kind whose messages are one behind the other in a datagram, from `at` on;
 * undefined if the first one is none.
 */
export function addressesLike(
  { model, from, size }: Kind,
  { bytes, words }: Datagram,
  at: number,
): Buffer | undefined {
  const own = at >> 2
  // What tells most kinds apart: the length of the message, and struct rtmsg.
  const isAlike =
    words[own] === model.words[0] &&
    words[own + FIXED_WORD] === model.words[FIXED_WORD] &&
    words[own + FIXED_WORD + 1] === model.words[FIXED_WORD + 1]
  return isAlike ? nativeAddon().differences(bytes, at, model.bytes, from, size) : undefined
}
