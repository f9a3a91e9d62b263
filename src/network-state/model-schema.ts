import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { AddressSchema } from '../kernel/objects/address.js'
import { NeighborSchema } from '../kernel/objects/neighbor.js'
import { RouteSchema } from '../kernel/objects/route.js'
import { RuleSchema } from '../kernel/objects/rule.js'
import { SysctlSchema } from '../kernel/objects/sysctl.js'
import type { Reason } from './reasons.js'

/** A thing the host gave the device; without a reason to leave it behind it is carried. */
const captured = <T extends TSchema>(schema: T) =>
  Type.Object({ value: schema, leftBehind: Type.Optional(Type.Unsafe<Reason>(Type.String())) })

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
