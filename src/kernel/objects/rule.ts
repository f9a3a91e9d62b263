import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema } from './family.js'
import { NamedNumberSchema } from './named-number.js'
import { OpaqueAttributeSchema } from './opaque-attribute.js'

/** A policy rule, as RTM_GETRULE reports it. Selectors that are absent match everything. */
export const RuleSchema = Type.Object({
  family: FamilySchema,
  priority: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
  action: NamedNumberSchema,
  table: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
  invert: Type.Boolean({ description: 'the rule is for what does not match' }),
  from: Type.Optional(Type.String({ description: 'prefix/length' })),
  to: Type.Optional(Type.String({ description: 'prefix/length' })),
  inputInterface: Type.Optional(Type.String()),
  outputInterface: Type.Optional(Type.String()),
  typeOfService: Type.Integer({ minimum: 0, maximum: 255 }),
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
