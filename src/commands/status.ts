import type { AttachmentRecord } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import { Failure } from '../failure.js'
import { findLink } from '../kernel/netlink/link.js'
import { Place } from '../kernel/place.js'
import type { Call } from './call.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'
import { ipamOf } from './ipam-of.js'

/**
 * STATUS: ready where the IPAM plugin is, and where the device is on the host or lent
 * to a sandbox that is there. Without `device` nothing can be said: a `deviceID` comes with each
 * pod, and what the other keys mean is not to be found while it is lent.
 * @throws Failure `not-available` where there is no such device, and
 *   `lent-to-nobody` where it is lent to a sandbox that is gone
 */
export async function status(call: Call): Promise<undefined> {
  const { device, stateDir } = call.configuration
  await requireIpam(call)
  if (!device) return
  using host = Place.host()
  if (findLink(host.socket, { name: device })) return
  const records = [
    ...AttachmentStore.ofAttachments(stateDir).list(),
    ...AttachmentStore.ofCaptures(stateDir).list(),
  ]
  const record = records.find((one) => isLoanOf(one, device))
  if (!record)
    throw new Failure(
      'not-available',
      `there is no device ${JSON.stringify(device)} on the host, and it is lent to nobody`,
    )
  using sandbox = ifSandboxIsThere(() => Place.sandbox(record.sandboxPath, host))
  if (sandbox) return
  throw new Failure(
    'lent-to-nobody',
    `${device} is lent to container ${record.containerId}, whose sandbox ${record.sandboxPath} is gone`,
    'DEL or GC brings it home, if it still exists',
  )
}

async function requireIpam(call: Call): Promise<void> {
  try {
    const ipam = await ipamOf(call)
    await ipam?.request('STATUS')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure('not-available', error.message, error.details)
  }
}

function isLoanOf({ device: { onHost } }: AttachmentRecord, name: string): boolean {
  return onHost.name === name || onHost.alternativeNames.includes(name)
}
