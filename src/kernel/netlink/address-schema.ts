import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema, OpaqueAttributeSchema, U8Schema, U32Schema } from './common-schema.js'

/** An address of a device, as RTM_GETADDR reports it. Lifetimes are in seconds. */
export const AddressSchema = Type.Object({
  family: FamilySchema,
  local: Type.String({ description: "the device's own address" }),
  prefixLength: Type.Integer({ minimum: 0, maximum: 128 }),
  peer: Type.Optional(Type.String({ description: 'the other end of a point-to-point address' })),
  broadcast: Type.Optional(Type.String()),
  label: Type.Optional(Type.String()),
  scope: U8Schema('0 global, 253 link, 254 host'),
  flags: U32Schema('bits: 0x80 permanent, 0x200 noprefixroute, 0x2 nodad, …'),
  metric: Type.Optional(Type.Integer({ description: 'of the prefix route the kernel makes' })),
  validSeconds: Type.Optional(Type.Integer({ description: 'absent: for ever' })),
  preferredSeconds: Type.Optional(Type.Integer({ description: 'absent: for ever' })),
  protocol: Type.Optional(
    Type.Integer({ description: 'who gave it: 1 to 3 the kernel, above a program' }),
  ),
  createdAt: Type.Optional(
    U32Schema('hundredths of a second since the boot; an address that is added again has another'),
  ),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Address = Static<typeof AddressSchema>
