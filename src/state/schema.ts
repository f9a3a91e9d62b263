import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { AddressSchema } from '../kernel/netlink/address-schema.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { NeighborSchema } from '../kernel/netlink/neighbor-schema.js'
import { NexthopObjectSchema } from '../kernel/netlink/nexthop-object-schema.js'
import { PackedRoutesSchema, RouteSchema } from '../kernel/netlink/route-schema.js'
import { RuleSchema } from '../kernel/netlink/rule-schema.js'
import { REASONS, type Reason } from './reasons.js'

const ReasonSchema = Type.Unsafe<Reason>(
  Type.Union(Object.keys(REASONS).map((reason) => Type.Literal(reason))),
)

/** A captured object. It is carried unless `leftBehind` gives a reason. */
const captured = <T extends TSchema>(schema: T) =>
  Type.Object({ value: schema, leftBehind: Type.Optional(ReasonSchema) })

const SysctlSchema = Type.Object({
  name: Type.String({ description: 'without its interface: net.ipv4.conf.rp_filter' }),
  value: Type.String(),
})

/**
 * A device's layer-3 state on the host, and the decision on each object. Used on disk, in `explain
 * --json` and in the tests.
 */
export const HostNetworkStateSchema = Type.Object({
  addresses: Type.Array(captured(AddressSchema)),
  routes: Type.Array(captured(RouteSchema)),
  packed: Type.Optional(
    Type.Array(captured(PackedRoutesSchema), {
      description: 'more routes: many that are alike, each alone in its place',
    }),
  ),
  shared: Type.Optional(
    Type.Array(RouteSchema, {
      description:
        "the host's routes in places that other devices' routes share with the device's, and those that prefer its addresses, in the kernel's order",
    }),
  ),
  nexthopObjects: Type.Optional(
    Type.Array(NexthopObjectSchema, {
      description: 'through the device, and the groups that they are in',
    }),
  ),
  rules: Type.Array(captured(RuleSchema), { description: 'all rules of the host' }),
  neighbors: Type.Array(captured(NeighborSchema)),
  stableSecret: Type.Optional(
    Type.String({ description: 'net.ipv6.conf.stable_secret, where the device has one' }),
  ),
  sysctls: Type.Array(SysctlSchema, { description: 'those that were asked for' }),
  routeMetric: Type.Optional(
    Type.Integer({ description: 'that the carried routes are to have, if not their own' }),
  ),
  keepsLifetimes: Type.Optional(
    Type.Literal(true, { description: 'carried leases end when they would have on the host' }),
  ),
})
export type PackedState = Static<typeof HostNetworkStateSchema>

/** The same, each route by itself. */
export type HostNetworkState = Omit<PackedState, 'packed'> & { packed?: never }

/** What a device had on the host: its link, and its state. */
export interface Original {
  onHost: Link
  state: PackedState
}

/**
 * What ADD adds to a sandbox beyond what is there already, named and numbered as in the sandbox.
 * Only this is taken off again: the rest is the pod's own, or another plugin's.
 */
export const AdditionsSchema = Type.Object({
  rules: Type.Array(RuleSchema, { description: 'also those that only another loan has added' }),
  onInterface: Type.Optional(
    Type.Object(
      {
        index: Type.Integer(),
        addresses: Type.Array(AddressSchema),
        routes: Type.Array(RouteSchema),
        neighbors: Type.Array(NeighborSchema),
      },
      { description: 'to the interface of another plugin; a moved device takes its state along' },
    ),
  ),
})
export type Additions = Static<typeof AdditionsSchema>
export type InterfaceAdditions = NonNullable<Additions['onInterface']>

/** A captured object of one kind. */
export interface Captured<T> {
  value: T
  leftBehind?: Reason
}
