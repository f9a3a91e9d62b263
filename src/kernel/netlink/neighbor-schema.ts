import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema, OpaqueAttributeSchema, U8Schema, U16Schema } from './common-schema.js'

/** An entry of the neighbour table, as RTM_GETNEIGH reports it. */
export const NeighborSchema = Type.Object({
  family: FamilySchema,
  address: Type.String(),
  hardwareAddress: Type.Optional(Type.String({ description: 'colon-separated' })),
  state: U16Schema('bits: 0x80 permanent, 0x40 noarp, 0x4 stale, 0x2 reachable, …'),
  flags: U8Schema('bits: 0x8 proxy, 0x80 router, …'),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Neighbor = Static<typeof NeighborSchema>
