import { bytesOfText, textOfBytes } from '../kernel-text.js'
import { align, FIRST_HALF, readU32, SECOND_HALF, wordsOf, writeU32 } from './bytes.js'
import type { OpaqueAttribute } from './common-schema.js'

/** A netlink attribute; `data` excludes header and padding. */
export interface Attribute {
  type: number
  nested?: boolean
  data: Buffer
}

/** struct nlattr: the length (this header included), and the type. */
const ATTRIBUTE_HEADER_BYTES = 4
/** The upper two bits of nla_type are flags: NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NESTED = 0x8000
const TYPE_MASK = 0x3fff

/**
 * Decodes a sequence of attributes. Each `data` is a view of the buffer, not a copy, for speed: a
 * host may have tens of thousands of routes with six attributes each.
 * @param bytes begin at a word of their memory; see `wordsOf`
 * @param wanted the types of those that are decoded; default all
 */
export function decodeAttributes(bytes: Buffer, wanted?: ReadonlySet<number>): Attribute[] {
  const attributes: Attribute[] = []
  const words = wordsOf(bytes)
  const end = bytes.length
  for (let at = 0; at + ATTRIBUTE_HEADER_BYTES <= end; ) {
    const header = words[at >> 2] as number
    const length = (header >>> FIRST_HALF) & 0xffff
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > end)
      throw new Error(`an attribute of ${length} bytes, with ${end - at} left`)
    const flagged = (header >>> SECOND_HALF) & 0xffff
    const type = flagged & TYPE_MASK
    if (!wanted || wanted.has(type)) {
      const data = bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length)
      attributes.push(flagged & NESTED ? { type, nested: true, data } : { type, data })
    }
    // Without a call of `align`: there is one for every attribute of every message.
    at += (length + 3) & ~3
  }
  return attributes
}

/** The content of the first attribute of a type, if there is one. */
export function dataOf(attributes: Attribute[], wanted: number): Buffer | undefined {
  return attributes.find(({ type }) => type === wanted)?.data
}

/** Encodes attributes, each padded so that another may follow. */
export function encodeAttributes(attributes: Attribute[]): Buffer {
  const bytes = Buffer.alloc(encodedLength(attributes))
  writeAttributes(bytes, 0, attributes)
  return bytes
}

/** The length of attributes in bytes, with headers and padding. */
export function encodedLength(attributes: Attribute[]): number {
  let length = 0
  for (const { data } of attributes) length += align(ATTRIBUTE_HEADER_BYTES + data.length)
  return length
}

/**
 * Writes attributes into a zeroed buffer.
 * @param words those of the buffer
 * @returns where the next message or attribute begins
 */
export function writeAttributes(
  bytes: Buffer,
  offset: number,
  attributes: Attribute[],
  words = wordsOf(bytes),
): number {
  let at = offset
  for (const { type, nested, data } of attributes) {
    const length = ATTRIBUTE_HEADER_BYTES + data.length
    words[at >> 2] = (length << FIRST_HALF) | ((nested ? type | NESTED : type) << SECOND_HALF)
    bytes.set(data, at + ATTRIBUTE_HEADER_BYTES)
    at += align(length)
  }
  return at
}

/** An attribute of one byte. */
export function u8(type: number, value: number): Attribute {
  return { type, data: Buffer.from([value]) }
}

/** An attribute of a 32-bit number. */
export function u32(type: number, value: number): Attribute {
  const data = Buffer.allocUnsafe(4)
  writeU32(data, value, 0)
  return { type, data }
}

/** An attribute of a text, with its closing zero byte. */
export function text(type: number, value: string): Attribute {
  return { type, data: bytesOfText(`${value}\0`) }
}

export function bytes(type: number, data: Buffer): Attribute {
  return { type, data }
}

/** An attribute that contains attributes. */
export function nested(type: number, attributes: Attribute[]): Attribute {
  return { type, nested: true, data: encodeAttributes(attributes) }
}

/** An attribute, or undefined if there is no value for it. */
export function optional<T>(
  value: T | undefined,
  build: (value: T) => Attribute,
): Attribute | undefined {
  return value === undefined ? undefined : build(value)
}

/** Drops the undefined results of `optional`. */
export function present(attributes: (Attribute | undefined)[]): Attribute[] {
  return attributes.filter((attribute) => attribute !== undefined)
}

/** The number in a 32-bit attribute. */
export function toNumber(data: Buffer): number {
  return readU32(data, 0)
}

/** The text in a string attribute, with or without its closing zero byte. */
export function toText(data: Buffer): string {
  const end = data.indexOf(0)
  return textOfBytes(end === -1 ? data : data.subarray(0, end))
}

/** Stores an uninterpreted attribute with its object, to be sent back unchanged. */
export function keepOpaque(thing: { opaque?: OpaqueAttribute[] }, attribute: Attribute): void {
  const { type, nested, data } = attribute
  thing.opaque ??= []
  thing.opaque.push({ type, ...(nested ? { nested } : {}), bytes: data.toString('hex') })
}

/** The attributes stored by `keepOpaque`. */
export function opaqueAttributes({ opaque = [] }: { opaque?: OpaqueAttribute[] }): Attribute[] {
  return opaque.map(({ type, nested, bytes: hexadecimal }) => ({
    type,
    nested: nested === true,
    data: Buffer.from(hexadecimal, 'hex'),
  }))
}
