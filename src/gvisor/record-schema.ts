import { type Static, Type } from '@sinclair/typebox'
import { NamespaceIdentitySchema } from '../kernel/identity-schema.js'
import { FamilySchema } from '../kernel/netlink/common-schema.js'

/** An address and its prefix length. */
const InterfaceAddressSchema = Type.Object({
  family: FamilySchema,
  local: Type.String(),
  prefixLength: Type.Integer({ minimum: 0, maximum: 128 }),
})
export type InterfaceAddress = Static<typeof InterfaceAddressSchema>

/** The address keeper's process, with its start time, because a pid may be reused. */
const KeeperProcessSchema = Type.Object({
  pid: Type.Integer({ minimum: 1 }),
  startedAt: Type.String({ description: "in the kernel's clock ticks since boot" }),
  until: Type.Integer({ description: 'its deadline, in seconds since 1970' }),
})
export type KeeperProcess = Static<typeof KeeperProcessSchema>

/** The gVisor record of an interface. */
export const GvisorRecordSchema = Type.Object({
  format: Type.Literal(1),
  containerId: Type.String(),
  interfaceName: Type.String({ description: 'CNI_IFNAME' }),
  nameInSandbox: Type.String(),
  network: Type.String(),
  sandboxPath: Type.String(),
  sandbox: Type.Optional(NamespaceIdentitySchema),
  bootId: Type.Optional(
    Type.String({ description: 'of the kernel whose indexes and paths these are' }),
  ),
  interfaceIndex: Type.Integer(),
  addresses: Type.Array(InterfaceAddressSchema, {
    description: 'all that the interface had at the end of ADD, its link-local one too',
  }),
  kept: Type.Array(InterfaceAddressSchema, {
    description: 'those that are to be put back, with the longest prefix of their family',
  }),
  omitted: Type.Array(Type.String(), {
    description: 'what the interface was not given because runsc would refuse to start',
  }),
  namesProtocols: Type.Optional(
    Type.Boolean({ description: 'whether a filter sets the protocol of what leaves it' }),
  ),
  acceptRa: Type.Optional(
    Type.String({ description: 'its accept_ra at the end of ADD; the keeper sets it to 0' }),
  ),
  keeper: Type.Optional(KeeperProcessSchema),
})
export type GvisorRecord = Static<typeof GvisorRecordSchema>
