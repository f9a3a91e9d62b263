import { KernelError } from '../kernel-error.js'
import {
  type Attribute,
  decodeAttributes,
  encodedLength,
  toText,
  writeAttributes,
} from './attributes.js'
import { align, FIRST_HALF, HEADER_BYTES, readS32, SECOND_HALF, wordsOf } from './bytes.js'

/** Flags of a message's header (NLM_F_* of linux/netlink.h). */
export const Flag = {
  request: 0x1,
  acknowledge: 0x4,
  echo: 0x8,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
  replace: 0x100,
  append: 0x800,
  /** NLM_F_DUMP_INTR, on an answer: the table changed during the dump. */
  dumpInterrupted: 0x10,
  /** NLM_F_ACK_TLVS, on an error: extended ack attributes follow. */
  explained: 0x200,
} as const

/** The words of a message's header (struct nlmsghdr): length, type and flags, sequence number. */
const WORD = { length: 0, typeAndFlags: 1, sequence: 2 } as const

/** Messages that end an answer (linux/netlink.h). */
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
/** The extended ack message among an error's attributes (linux/netlink.h). */
const NLMSGERR_ATTR_MSG = 1
/** The fixed part of an error: the errno and the header of the request. */
const ERROR_BYTES = 4 + HEADER_BYTES

/**
 * A request to the kernel: its type, its fixed part, which encoded attributes may follow, and its
 * attributes.
 */
export interface Request {
  type: number
  /** Flags besides NLM_F_REQUEST and NLM_F_ACK, which the socket adds. */
  flags?: number
  header: Buffer
  attributes?: Attribute[]
}

/** Encodes a request, padded so that another may follow. */
export function encodeRequest(request: Request, flags: number, sequence: number): Buffer {
  return encodeRequests([request], flags, sequence)
}

/** The length of a request in bytes. */
export function requestLength({ header, attributes = [] }: Request): number {
  return HEADER_BYTES + header.length + encodedLength(attributes)
}

/**
 * Encodes requests one behind the other.
 * @param lastFlags flags of the last one
 * @param sequence number of the first one
 */
export function encodeRequests(requests: Request[], lastFlags: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(requests.reduce((sum, request) => sum + requestLength(request), 0))
  const words = wordsOf(bytes)
  let at = 0
  for (const [n, { type, header, attributes = [], flags = 0 }] of requests.entries()) {
    const more = n === requests.length - 1 ? lastFlags : 0
    const first = at >> 2
    words[first + WORD.typeAndFlags] =
      (type << FIRST_HALF) | ((flags | more | Flag.request) << SECOND_HALF)
    words[first + WORD.sequence] = sequence + n
    bytes.set(header, at + HEADER_BYTES)
    const end = writeAttributes(bytes, at + HEADER_BYTES + header.length, attributes, words)
    words[first + WORD.length] = end - at
    at = end
  }
  return bytes
}

/** Where copies of a request differ: in `size` bytes of its header, which `values` has for each. */
export interface Differences {
  /** The offset in the header; a multiple of four, as `size` is. */
  start: number
  size: number
  values: Buffer
}

/**
 * Makes copies of one request, one behind the other: a request of its own for each of ten thousands
 * would take most of the time.
 * @returns encodes the copies from one number to another, without that; the last has `lastFlags`, the
 *   first has this sequence number
 */
export function copiesOf(request: Request, { start, size, values }: Differences) {
  const model = encodeRequest(request, 0, 0)
  const [length, from, each] = [model.length >> 2, (HEADER_BYTES + start) >> 2, size >> 2]
  const different = wordsOf(values)
  return (first: number, end: number, lastFlags: number, sequence: number): Buffer => {
    const bytes = Buffer.alloc((end - first) * model.length)
    const words = wordsOf(bytes)
    for (let n = first, at = 0; n < end; n++, at += length) {
      bytes.set(model, at * 4)
      words[at + WORD.sequence] = sequence + n - first
      for (let k = 0; k < each; k++) words[at + from + k] = different[n * each + k] as number
    }
    const last = words.length - length + WORD.typeAndFlags
    words[last] = (words[last] as number) | (lastFlags << SECOND_HALF)
    return bytes
  }
}

/** A message from the kernel; `data` is a view of what was received. */
export interface NetlinkMessage {
  type: number
  flags: number
  /** Number of the request that it answers. */
  seq: number
  data: Buffer
}

/** What carries data in an answer: a message without its header. */
export type Payload = Pick<NetlinkMessage, 'data'>

/** What the kernel sent at once. Headers and attributes begin at a word each. */
export interface Datagram {
  bytes: Buffer
  words: Uint32Array
}

/**
 * Gets the data of a message: it is in the datagram from the byte `start` on, and ends before
 * `end`. No object is made for a message: a table may have hundred thousands.
 * @returns where the next message begins that it has not taken; undefined: after this one
 */
export type Taker = (datagram: Datagram, start: number, end: number) => number | undefined

/**
 * Hands on the messages of a datagram that belong to a dump.
 * @param sequence number of the dump's request; messages of others are late answers
 * @returns whether the table changed during the dump
 * @throws KernelError the kernel's error
 */
export function takeMessages(bytes: Buffer, sequence: number, take: Taker): boolean {
  const words = wordsOf(bytes)
  const datagram = { bytes, words }
  let interrupted = false
  for (let at = 0, next = 0; at + HEADER_BYTES <= bytes.length; at = next) {
    const first = at >> 2
    const length = words[first + WORD.length] as number
    if (length < HEADER_BYTES || at + length > bytes.length)
      throw new Error(`a message of ${length} bytes, with ${bytes.length - at} left`)
    next = at + align(length)
    if (words[first + WORD.sequence] === sequence) {
      const type = ((words[first + WORD.typeAndFlags] as number) >>> FIRST_HALF) & 0xffff
      const flags = ((words[first + WORD.typeAndFlags] as number) >>> SECOND_HALF) & 0xffff
      if (flags & Flag.dumpInterrupted) interrupted = true
      const end = at + length
      if (type !== NLMSG_ERROR && type !== NLMSG_DONE)
        next = take(datagram, at + HEADER_BYTES, end) ?? next
      else {
        const error = errorIn({ type, flags, data: bytes.subarray(at + HEADER_BYTES, end) })
        if (error) throw error
      }
    }
  }
  return interrupted
}

/** The kernel's answers to the requests in one datagram. */
export interface Answers {
  /** The messages that carry data. */
  messages: NetlinkMessage[]
  /** Errors by sequence number of the request. */
  errors: Map<number, KernelError>
  /** Whether a table changed during the dump: the messages may be incomplete. */
  interrupted: boolean
}

/** Sorts the messages from the kernel into data, errors and interruptions. */
export function decodeAnswers(received: Buffer): Answers {
  const answers: Answers = { messages: [], errors: new Map(), interrupted: false }
  for (const message of messagesIn(received)) {
    if (message.flags & Flag.dumpInterrupted) answers.interrupted = true
    if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) answers.messages.push(message)
    else {
      const error = errorIn(message)
      if (error) answers.errors.set(message.seq, error)
    }
  }
  return answers
}

/** Splits what was received into messages. */
function messagesIn(bytes: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = []
  const words = wordsOf(bytes)
  for (let at = 0; at < bytes.length; ) {
    const first = at >> 2
    const length = words[first + WORD.length] ?? 0
    if (length < HEADER_BYTES || at + length > bytes.length)
      throw new Error(`a message of ${length} bytes, with ${bytes.length - at} left`)
    const typeAndFlags = words[first + WORD.typeAndFlags] as number
    messages.push({
      type: (typeAndFlags >>> FIRST_HALF) & 0xffff,
      flags: (typeAndFlags >>> SECOND_HALF) & 0xffff,
      seq: words[first + WORD.sequence] as number,
      data: bytes.subarray(at + HEADER_BYTES, at + length),
    })
    at += align(length)
  }
  return messages
}

/**
 * The error of an NLMSG_ERROR or NLMSG_DONE message; undefined for errno 0 (an acknowledgement).
 */
function errorIn(
  message: Pick<NetlinkMessage, 'type' | 'flags' | 'data'>,
): KernelError | undefined {
  const errno = message.data.length >= 4 ? -readS32(message.data, 0) : 0
  if (errno <= 0) return undefined
  if (!(message.flags & Flag.explained)) return new KernelError(errno)
  const fixed = message.type === NLMSG_ERROR ? ERROR_BYTES : 4
  const explanation = decodeAttributes(message.data.subarray(fixed)).find(
    (attribute) => attribute.type === NLMSGERR_ATTR_MSG,
  )
  return new KernelError(errno, explanation ? toText(explanation.data) : '')
}
