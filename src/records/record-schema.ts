import { type Static, Type } from '@sinclair/typebox'
import { LentDeviceSchema } from '../device/lent-device-schema.js'
import { NamespaceIdentitySchema } from '../kernel/identity-schema.js'
import { AdditionsSchema, HostNetworkStateSchema } from '../state/schema.js'

/**
 * The number of the format below. A record without packed routes is written as one of format 2, which
 * is the same but for these. `format-1.ts` converts records of format 1.
 */
const FORMAT = 3

/** The last second of the year 9999: no clock shows more, and a date of more may be none. */
const MOST_SECONDS = 253_402_300_799

/** The record of an attachment on disk. It is enough to return the device after any failure. */
export const AttachmentRecordSchema = Type.Object({
  format: Type.Union([Type.Literal(2), Type.Literal(FORMAT)]),
  mode: Type.Union([Type.Literal('move'), Type.Literal('apply'), Type.Literal('capture')], {
    description:
      'the device was moved; its state was given to another interface; its state was only noted',
  }),
  containerId: Type.String(),
  interfaceName: Type.String({ description: 'CNI_IFNAME' }),
  network: Type.String(),
  pod: Type.Optional(
    Type.Object(
      { namespace: Type.String(), name: Type.String() },
      { description: 'from CNI_ARGS; absent if the runtime does not say it' },
    ),
  ),
  sandboxPath: Type.String(),
  sandbox: Type.Optional(NamespaceIdentitySchema),
  lentAt: Type.Integer({ minimum: 0, maximum: MOST_SECONDS, description: 'seconds since 1970' }),
  lentAtUptime: Type.Optional(
    Type.Integer({ description: 'seconds since the boot; where anything has a lifetime' }),
  ),
  bootId: Type.Optional(
    Type.String({ description: 'of the kernel whose indexes and paths these are' }),
  ),
  device: LentDeviceSchema,
  state: HostNetworkStateSchema,
  added: Type.Optional(AdditionsSchema),
  lendingAgain: Type.Optional(
    Type.Literal(true, {
      description: 'a repair began to lend the NIC again, which was reset, and has not ended',
    }),
  ),
  failures: Type.Optional(
    Type.Integer({ description: 'how many calls have failed over what is outstanding' }),
  ),
})
export type AttachmentRecord = Static<typeof AttachmentRecordSchema>
