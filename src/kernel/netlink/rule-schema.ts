import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema, OpaqueAttributeSchema, U8Schema, U32Schema } from './common-schema.js'

/** A policy rule, as RTM_GETRULE reports it. Selectors that are absent match everything. */
export const RuleSchema = Type.Object({
  family: FamilySchema,
  priority: U32Schema('the lowest comes first'),
  action: U8Schema('1 look up the table, 2 goto, 6 blackhole, 7 unreachable, 8 prohibit'),
  table: U32Schema('253 default, 254 main, 255 local'),
  invert: Type.Boolean({ description: 'the rule is for what does not match' }),
  from: Type.Optional(Type.String({ description: 'prefix/length' })),
  to: Type.Optional(Type.String({ description: 'prefix/length' })),
  inputInterface: Type.Optional(Type.String()),
  outputInterface: Type.Optional(Type.String()),
  typeOfService: U8Schema('0 matches everything'),
  firewallMark: Type.Optional(Type.Integer()),
  firewallMask: Type.Optional(Type.Integer()),
  protocol: Type.Optional(Type.Integer({ description: 'the IP protocol, 6 for TCP' })),
  sourcePorts: Type.Optional(Type.String({ description: 'first-last' })),
  destinationPorts: Type.Optional(Type.String({ description: 'first-last' })),
  users: Type.Optional(Type.String({ description: 'first-last' })),
  suppressPrefixLength: Type.Optional(Type.Integer()),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Rule = Static<typeof RuleSchema>
