import { type Static, Type } from '@sinclair/typebox'

/** A netlink attribute this program does not interpret: kept, and replayed byte for byte. */
export const OpaqueAttributeSchema = Type.Object({
  type: Type.Integer({ minimum: 0, maximum: 0x3fff }),
  nested: Type.Optional(Type.Literal(true)),
  bytes: Type.String({ pattern: '^([0-9a-f]{2})*$', description: 'hexadecimal' }),
})
export type OpaqueAttribute = Static<typeof OpaqueAttributeSchema>
