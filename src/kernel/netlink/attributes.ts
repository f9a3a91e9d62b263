import { align, readU16, readU32, writeU16, writeU32 } from 'netlink/dist/structs'
import type { OpaqueAttribute } from '../objects/opaque-attribute.js'

/** A netlink attribute as it is in a message; `data` excludes header and padding. */
export interface Attribute {
  type: number
  nested?: boolean
  data: Buffer
}

const HEADER_BYTES = 4
/** The two upper bits of a type say that attributes are in it, and which byte order it has. */
const NESTED = 0x8000
const TYPE_MASK = 0x3fff

/**
 * The attributes in a run of bytes, in order; their data are views of it. Written
 * out here and below, not by the codec's general functions: a host may have tens
 * of thousands of routes with half a dozen attributes each.
 */
export function decodeAttributes(bytes: Buffer): Attribute[] {
  const attributes: Attribute[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = readU16.call(bytes, at)
    if (length < HEADER_BYTES || at + length > bytes.length)
      throw new Error(`an attribute of ${length} bytes, with ${bytes.length - at} left`)
    const type = readU16.call(bytes, at + 2)
    attributes.push({
      type: type & TYPE_MASK,
      nested: (type & NESTED) !== 0,
      data: bytes.subarray(at + HEADER_BYTES, at + length),
    })
    at += align(length)
  }
  return attributes
}

export function encodeAttributes(attributes: Attribute[]): Buffer {
  const bytes = Buffer.alloc(encodedLength(attributes))
  writeAttributes(bytes, 0, attributes)
  return bytes
}

/** How many bytes attributes take, with headers and padding. */
export function encodedLength(attributes: Attribute[]): number {
  let length = 0
  for (const { data } of attributes) length += align(HEADER_BYTES + data.length)
  return length
}

/** Writes attributes into a buffer of zeros, from an offset on. */
export function writeAttributes(bytes: Buffer, offset: number, attributes: Attribute[]): void {
  let at = offset
  for (const { type, nested, data } of attributes) {
    writeU16.call(bytes, HEADER_BYTES + data.length, at)
    writeU16.call(bytes, nested ? type | NESTED : type, at + 2)
    bytes.set(data, at + HEADER_BYTES)
    at += align(HEADER_BYTES + data.length)
  }
}

export function u32(type: number, value: number): Attribute {
  const data = Buffer.allocUnsafe(4)
  writeU32.call(data, value, 0)
  return { type, data }
}

export const text = (type: number, value: string): Attribute => ({
  type,
  data: Buffer.from(`${value}\0`),
})

export const bytes = (type: number, data: Buffer): Attribute => ({ type, data })

/** The number in a 32-bit attribute. */
export const toNumber = (data: Buffer): number => readU32.call(data, 0)

/** The text in a string attribute, with or without its closing zero byte. */
export function toText(data: Buffer): string {
  const end = data.indexOf(0)
  return data.toString('utf8', 0, end === -1 ? data.length : end)
}

/** Keeps an attribute with the thing it came with, to be replayed. */
export function keepOpaque(thing: { opaque?: OpaqueAttribute[] }, attribute: Attribute): void {
  thing.opaque ??= []
  thing.opaque.push(toOpaque(attribute))
}

/** What `keepOpaque` kept. */
export function opaqueAttributes({ opaque }: { opaque?: OpaqueAttribute[] }): Attribute[] {
  return opaque === undefined ? [] : opaque.map(fromOpaque)
}

function toOpaque({ type, nested, data }: Attribute): OpaqueAttribute {
  return { type, ...(nested ? { nested } : {}), bytes: data.toString('hex') }
}

function fromOpaque({ type, nested, bytes: hex }: OpaqueAttribute): Attribute {
  return { type, nested: nested === true, data: Buffer.from(hex, 'hex') }
}
