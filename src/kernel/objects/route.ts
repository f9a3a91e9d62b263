import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema } from './family.js'
import { NamedNumberSchema } from './named-number.js'
import { OpaqueAttributeSchema } from './opaque-attribute.js'

/** One way a route can take. */
export const HopSchema = Type.Object({
  interfaceIndex: Type.Integer(),
  gateway: Type.Optional(Type.String({ description: "of the route's own family" })),
  via: Type.Optional(
    Type.Object(
      { family: FamilySchema, address: Type.String() },
      { description: 'a gateway of the other family' },
    ),
  ),
  onlink: Type.Optional(
    Type.Literal(true, { description: 'the gateway is reachable even where no route says so' }),
  ),
  weight: Type.Integer({ minimum: 1, maximum: 256 }),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Hop = Static<typeof HopSchema>

/** A route, as RTM_GETROUTE reports it. */
export const RouteSchema = Type.Object({
  family: FamilySchema,
  destination: Type.String({
    description: 'prefix/length; the default route is 0.0.0.0/0 or ::/0',
  }),
  source: Type.Optional(Type.String({ description: 'prefix/length of a source-specific route' })),
  typeOfService: Type.Integer({ minimum: 0, maximum: 255 }),
  table: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
  protocol: NamedNumberSchema,
  scope: Type.Integer({ minimum: 0, maximum: 255, description: '0 universe, 253 link, 254 host' }),
  type: NamedNumberSchema,
  cloned: Type.Optional(
    Type.Literal(true, { description: 'an entry of the cache, not of a table' }),
  ),
  priority: Type.Optional(Type.Integer({ description: 'the metric; absent: the default' })),
  expiresSeconds: Type.Optional(Type.Integer({ description: 'absent: never' })),
  preferredSource: Type.Optional(Type.String()),
  metrics: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.Integer(), Type.String()]), {
      description: 'mtu, advmss and the like; lock has a bit for each that is locked',
    }),
  ),
  preference: Type.Optional(Type.Integer({ description: 'of a router: 0 medium, 1 high, 3 low' })),
  nexthopObject: Type.Optional(
    Type.Integer({ description: 'the object the hops came from; they are carried in its place' }),
  ),
  hops: Type.Array(HopSchema, { description: 'several in a multipath route' }),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Route = Static<typeof RouteSchema>
