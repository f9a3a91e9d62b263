import { formatAttribute, getPadding, getU32, parseAttributes, putU32 } from 'netlink/dist/structs'
import type { OpaqueAttribute } from '../objects/opaque-attribute.js'

/** A netlink attribute as it is in a message; `data` excludes header and padding. */
export interface Attribute {
  type: number
  nested?: boolean
  data: Buffer
}

/** The attributes in a run of bytes, in order. */
export function decodeAttributes(bytes: Buffer): Attribute[] {
  const attributes: Attribute[] = []
  parseAttributes(bytes, ({ type, nested, data }) => {
    attributes.push({ type, nested: nested === true, data })
  })
  return attributes
}

export function encodeAttributes(attributes: Attribute[]): Buffer {
  return Buffer.concat(
    attributes.flatMap((one) => [...formatAttribute(one), getPadding(one.data.length)]),
  )
}

export const u32 = (type: number, value: number): Attribute => ({ type, data: putU32(value) })

export const text = (type: number, value: string): Attribute => ({
  type,
  data: Buffer.from(`${value}\0`),
})

export const bytes = (type: number, data: Buffer): Attribute => ({ type, data })

/** The number in a 32-bit attribute. */
export const toNumber = (data: Buffer): number => getU32(data)

/** The text in a string attribute, with or without its closing zero byte. */
export function toText(data: Buffer): string {
  const end = data.indexOf(0)
  return data.toString('utf8', 0, end === -1 ? data.length : end)
}

export function toOpaque({ type, nested, data }: Attribute): OpaqueAttribute {
  return { type, ...(nested ? { nested } : {}), bytes: data.toString('hex') }
}

export function fromOpaque({ type, nested, bytes: hex }: OpaqueAttribute): Attribute {
  return { type, nested: nested === true, data: Buffer.from(hex, 'hex') }
}
