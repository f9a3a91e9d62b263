import { type Static, Type } from '@sinclair/typebox'
import { LentDeviceSchema } from '../device/lent-device-schema.js'
import { HostNetworkStateSchema } from '../network-state/model-schema.js'

/** What was lent to whom: enough to bring the device home, whatever happens. */
export const AttachmentRecordSchema = Type.Object({
  format: Type.Literal(1),
  containerId: Type.String(),
  interfaceName: Type.String(),
  network: Type.String(),
  sandboxPath: Type.String(),
  device: LentDeviceSchema,
  state: HostNetworkStateSchema,
})
export type AttachmentRecord = Static<typeof AttachmentRecordSchema>

/** The pair that names an attachment to a network. */
export type AttachmentKey = Pick<AttachmentRecord, 'containerId' | 'interfaceName'>
