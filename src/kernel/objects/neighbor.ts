import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema } from './family.js'
import { OpaqueAttributeSchema } from './opaque-attribute.js'

/** An entry of the neighbour table, as RTM_GETNEIGH reports it. */
export const NeighborSchema = Type.Object({
  family: FamilySchema,
  address: Type.String(),
  hardwareAddress: Type.Optional(Type.String({ description: 'colon-separated' })),
  state: Type.Array(Type.String(), { description: 'permanent, noarp, stale, reachable, …' }),
  flags: Type.Array(Type.String(), { description: 'proxy, router, …' }),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Neighbor = Static<typeof NeighborSchema>
