import { type Static, Type } from '@sinclair/typebox'
import { FamilySchema } from '../kernel/netlink/common-schema.js'

/** An address, as far as it matters who owns it. */
const OwnedAddressSchema = Type.Object({
  family: FamilySchema,
  local: Type.String(),
  prefixLength: Type.Integer({ minimum: 0, maximum: 128 }),
})
export type OwnedAddress = Static<typeof OwnedAddressSchema>

/** The process that waits for gVisor. A process id alone may be another's by now. */
const KeeperSchema = Type.Object({
  pid: Type.Integer({ minimum: 1 }),
  startedAt: Type.String({ description: "in the kernel's clock ticks since boot" }),
  until: Type.Integer({ description: 'its deadline, in seconds since 1970' }),
})
export type Keeper = Static<typeof KeeperSchema>

/** What is known of an interface in a gVisor sandbox, beside its attachment record. */
export const KeepingSchema = Type.Object({
  format: Type.Literal(1),
  containerId: Type.String(),
  interfaceName: Type.String({ description: "the runtime's name of the attachment" }),
  nameInSandbox: Type.String(),
  network: Type.String(),
  sandboxPath: Type.String(),
  interfaceIndex: Type.Integer(),
  addresses: Type.Array(OwnedAddressSchema, {
    description: 'all that the interface had at the end of ADD, its link-local one too',
  }),
  kept: Type.Array(OwnedAddressSchema, {
    description: 'those that are to be put back, with the longest prefix there is',
  }),
  omitted: Type.Array(Type.String(), {
    description: 'what the interface was not given because runsc would refuse to start',
  }),
  namesProtocols: Type.Optional(
    Type.Boolean({ description: 'whether a filter names the protocols of what leaves it' }),
  ),
  acceptRa: Type.Optional(
    Type.String({ description: 'its accept_ra at the end of ADD; the keeper sets it to 0' }),
  ),
  keeper: Type.Optional(KeeperSchema),
})
export type Keeping = Static<typeof KeepingSchema>
