import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { AddressSchema } from '../kernel/netlink/address-schema.js'
import { NeighborSchema } from '../kernel/netlink/neighbor-schema.js'
import { RouteSchema } from '../kernel/netlink/route-schema.js'
import { RuleSchema } from '../kernel/netlink/rule-schema.js'
import { REASONS, type Reason } from './reasons.js'

const ReasonSchema = Type.Unsafe<Reason>(
  Type.Union(Object.keys(REASONS).map((reason) => Type.Literal(reason))),
)

/** A thing the host gave the device; without a reason to leave it behind it is carried. */
const captured = <T extends TSchema>(schema: T) =>
  Type.Object({ value: schema, leftBehind: Type.Optional(ReasonSchema) })

const SysctlSchema = Type.Object({
  name: Type.String({ description: 'without its interface: net.ipv4.conf.rp_filter' }),
  value: Type.String(),
})

/**
 * All that the host gave a device on layer 3, and what becomes of each part. The
 * same on disk, in `explain --json` and in the tests.
 */
export const HostNetworkStateSchema = Type.Object({
  addresses: Type.Array(captured(AddressSchema)),
  routes: Type.Array(captured(RouteSchema)),
  rules: Type.Array(captured(RuleSchema), { description: 'all rules of the host' }),
  neighbors: Type.Array(captured(NeighborSchema)),
  sysctls: Type.Array(SysctlSchema, { description: 'those that were asked for' }),
})
export type HostNetworkState = Static<typeof HostNetworkStateSchema>

/** What was captured of one kind of thing. */
export interface Captured<T> {
  value: T
  leftBehind?: Reason
}
