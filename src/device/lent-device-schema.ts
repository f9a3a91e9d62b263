import { type Static, Type } from '@sinclair/typebox'
import { LinkSchema } from '../kernel/netlink/link-schema.js'

/** A device as it was on the host, and its name in the sandbox. */
export const LentDeviceSchema = Type.Object({
  onHost: LinkSchema,
  nameInSandbox: Type.String(),
  sysfsPath: Type.Optional(
    Type.String({ description: 'where the device it hangs on is under /sys/devices' }),
  ),
})
export type LentDevice = Static<typeof LentDeviceSchema>
