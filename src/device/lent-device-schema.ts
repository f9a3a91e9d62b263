import { type Static, Type } from '@sinclair/typebox'
import { DeviceIdentitySchema } from '../kernel/identity-schema.js'
import { LinkSchema } from '../kernel/netlink/link-schema.js'

/** What becomes of each is in companions.ts. */
const CompanionSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('port'),
    Type.Literal('radio'),
    Type.Literal('rdma'),
    Type.Literal('rdma-exclusive'),
    Type.Literal('rdma-moves'),
    Type.Literal('rdma-on-it'),
  ]),
  name: Type.String(),
  reason: Type.Optional(Type.String({ description: 'why it stays on the host' })),
})
export type Companion = Static<typeof CompanionSchema>

const RadioSchema = Type.Object({
  index: Type.Integer({ description: 'its number (wiphy)' }),
  name: Type.String(),
  interfaceType: Type.Integer({ description: 'what the device is in it: NL80211_IFTYPE_*' }),
})
export type Radio = Static<typeof RadioSchema>

/** The kernel gives no other RDMA device that number until the node is started again. */
const LentRdmaSchema = Type.Object({
  index: Type.Integer(),
  name: Type.String({ description: 'what it was called on the host' }),
})
export type LentRdma = Static<typeof LentRdmaSchema>

/** A device as it was on the host, and its name in the sandbox. */
export const LentDeviceSchema = Type.Object({
  onHost: LinkSchema,
  nameInSandbox: Type.String(),
  sysfsPath: Type.Optional(
    Type.String({ description: 'where the device it hangs on is under /sys/devices' }),
  ),
  features: Type.Optional(
    Type.Array(Type.Integer(), { description: 'its offloads on the host, 32 in each number' }),
  ),
  programs: Type.Optional(
    Type.Array(Type.Integer(), { description: 'ids of its BPF programs on the host' }),
  ),
  losesPrograms: Type.Optional(
    Type.Literal(true, { description: 'these are detached in the sandbox, as configured' }),
  ),
  companions: Type.Optional(
    Type.Array(CompanionSchema, { description: 'what hung together with it on the host' }),
  ),
  radio: Type.Optional(RadioSchema),
  rdma: Type.Optional(
    Type.Array(LentRdmaSchema, { description: 'RDMA devices that were moved, or were to be' }),
  ),
  /** Absent in records of earlier versions, and where the kernel or its rights do not allow it. */
  identity: Type.Optional(DeviceIdentitySchema),
})
export type LentDevice = Static<typeof LentDeviceSchema>
