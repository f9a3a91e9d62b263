import type { AttachmentRecord } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import { Failure } from '../failure.js'
import { findLink } from '../kernel/netlink/link.js'
import { Place } from '../kernel/place.js'
import type { Call } from './call.js'
import { openSandboxIfThere } from './end-attachment.js'

/**
 * STATUS: ready where the device is on the host, and where it is lent to a sandbox
 * that is there. Without `device` nothing can be said: a `deviceID` comes with each
 * pod, and what the other keys mean is not to be found while it is lent.
 * @throws Failure `not-available` where there is no such device, and
 *   `lent-to-nobody` where it is lent to a sandbox that is gone
 */
export function status({ configuration }: Call): undefined {
  const { device, stateDir } = configuration
  if (!device) return
  using host = Place.host()
  if (findLink(host.socket, { name: device })) return
  const record = new AttachmentStore(stateDir).list().find((one) => isLoanOf(one, device))
  if (!record)
    throw new Failure(
      'not-available',
      `there is no device ${JSON.stringify(device)} on the host, and it is lent to nobody`,
    )
  using sandbox = openSandboxIfThere(record.sandboxPath, host)
  if (sandbox) return
  throw new Failure(
    'lent-to-nobody',
    `${device} is lent to container ${record.containerId}, whose sandbox ${record.sandboxPath} is gone`,
    'DEL or GC brings it home, if it still exists',
  )
}

function isLoanOf({ device: { onHost } }: AttachmentRecord, name: string): boolean {
  return onHost.name === name || onHost.alternativeNames.includes(name)
}
