import { type Static, Type } from '@sinclair/typebox'
import { LentDeviceSchema } from '../device/lent-device-schema.js'
import { HostNetworkStateSchema } from '../state/schema.js'

/** What was lent to whom: enough to bring the device home, whatever happens. */
export const AttachmentRecordSchema = Type.Object({
  format: Type.Literal(1),
  mode: Type.Union([Type.Literal('move'), Type.Literal('apply'), Type.Literal('capture')], {
    description:
      'the device was moved; its state was given to another interface; its state was only noted',
  }),
  containerId: Type.String(),
  interfaceName: Type.String({ description: "the runtime's name of the attachment" }),
  network: Type.String(),
  sandboxPath: Type.String(),
  lentAt: Type.Integer({ description: 'seconds since 1970' }),
  bootId: Type.Optional(
    Type.String({ description: 'of the kernel whose indices and paths these are' }),
  ),
  device: LentDeviceSchema,
  state: HostNetworkStateSchema,
})
export type AttachmentRecord = Static<typeof AttachmentRecordSchema>
