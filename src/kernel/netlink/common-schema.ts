import { type Static, Type } from '@sinclair/typebox'

/** The families that carry IP addresses. */
export const FamilySchema = Type.Union([Type.Literal('inet'), Type.Literal('inet6')])
export type Family = Static<typeof FamilySchema>

/**
 * A netlink attribute that this program does not interpret. It is kept as bytes and sent back
 * unchanged.
 */
export const OpaqueAttributeSchema = Type.Object({
  type: Type.Integer({ minimum: 0, maximum: 0x3fff }),
  nested: Type.Optional(Type.Literal(true)),
  bytes: Type.String({ pattern: '^([0-9a-f]{2})*$', description: 'hexadecimal' }),
})
export type OpaqueAttribute = Static<typeof OpaqueAttributeSchema>

/** Unsigned numbers of one, two and four bytes. */
export const U8Schema = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 0xff, description })
export const U16Schema = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 0xffff, description })
export const U32Schema = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 0xffffffff, description })
