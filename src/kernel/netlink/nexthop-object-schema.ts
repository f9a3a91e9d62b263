import { type Static, Type } from '@sinclair/typebox'
import { OpaqueAttributeSchema, U8Schema } from './common-schema.js'
import { NexthopSchema } from './route-schema.js'

/** A nexthop object (`ip nexthop`): a single nexthop, or a group of other objects by their ids. */
export const NexthopObjectSchema = Type.Object({
  id: Type.Integer(),
  family: U8Schema('2 IPv4, 10 IPv6, 0 of a group'),
  protocol: U8Schema('who made it, as of routes'),
  nexthop: Type.Optional(NexthopSchema),
  members: Type.Array(Type.Object({ id: Type.Integer(), weight: Type.Integer() }), {
    description: 'empty if it is no group',
  }),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type NexthopObject = Static<typeof NexthopObjectSchema>
