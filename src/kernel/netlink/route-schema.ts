import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema, OpaqueAttributeSchema, U8Schema, U32Schema } from './common-schema.js'

/** A nexthop of a route. */
export const NexthopSchema = Type.Object({
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
export type Nexthop = Static<typeof NexthopSchema>

/** A route, as RTM_GETROUTE reports it. */
export const RouteSchema = Type.Object({
  family: FamilySchema,
  destination: Type.String({
    description: 'prefix/length; the default route is 0.0.0.0/0 or ::/0',
  }),
  source: Type.Optional(Type.String({ description: 'prefix/length of a source-specific route' })),
  typeOfService: U8Schema('0 matches everything'),
  table: U32Schema('253 default, 254 main, 255 local'),
  protocol: U8Schema('who made it: 2 kernel, 3 boot, 4 static, 9 ra, 16 dhcp, …'),
  scope: U8Schema('0 universe, 253 link, 254 host'),
  type: U8Schema('1 unicast, 2 local, 6 blackhole, …'),
  cloned: Type.Optional(
    Type.Literal(true, { description: 'an entry of the cache, not of a table' }),
  ),
  priority: Type.Optional(Type.Integer({ description: 'the metric; absent: the default' })),
  expiresSeconds: Type.Optional(Type.Integer({ description: 'absent: never; 0: it has expired' })),
  preferredSource: Type.Optional(Type.String()),
  metrics: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.Integer(), Type.String()]), {
      description: 'mtu, advmss and the like; lock has a bit for each that is locked',
    }),
  ),
  preference: Type.Optional(Type.Integer({ description: 'of a router: 0 medium, 1 high, 3 low' })),
  nexthopObject: Type.Optional(
    Type.Integer({
      description: 'the id of the object the nexthops came from; in a sandbox they stand for it',
    }),
  ),
  nexthops: Type.Array(NexthopSchema, { description: 'several in a multipath route' }),
  opaque: Type.Optional(Type.Array(OpaqueAttributeSchema)),
})
export type Route = Static<typeof RouteSchema>

/** Routes that differ in their destination only: a large table has thousands of such. */
export const PackedRoutesSchema = Type.Object({
  like: RouteSchema,
  addresses: Type.String({
    description:
      'of all destinations, with a space between; each has the length of that of `like`, which is one of them',
  }),
})
export type PackedRoutes = Static<typeof PackedRoutesSchema>
