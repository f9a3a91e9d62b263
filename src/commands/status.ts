import { AttachmentStore } from '../attachments/store.js'
import type { DeviceChoice } from '../device/device-choice.js'
import { findDevice } from '../device/find-device.js'
import { isForUserspace } from '../device/userspace-driver.js'
import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import type { Call } from './call.js'
import { choiceOf } from './choice.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'
import { ipamOf } from './ipam-of.js'
import { isLoanOf } from './loan-of.js'

/**
 * STATUS: ready where the IPAM plugin is, and where the device is on the host or lent
 * to a sandbox that is there. Of a `deviceID` nothing can be said: it comes with each pod.
 * @throws Failure `not-available` where there is no such device, and
 *   `lent-to-nobody` where it is lent to a sandbox that is gone
 */
export async function status(call: Call): Promise<undefined> {
  const { stateDir } = call.configuration
  await requireIpam(call)
  const { deviceID, ...choice } = choiceOf(call.configuration)
  const [named] = Object.values(choice).filter((value) => value !== undefined)
  if (named === undefined || isForUserspace(choice)) return
  using host = NetworkNamespace.host()
  const absence = absenceOf(host, choice)
  if (!absence) return
  const records = [
    ...AttachmentStore.ofAttachments(stateDir).list(),
    ...AttachmentStore.ofCaptures(stateDir).list(),
  ]
  const record = records.find((one) => isLoanOf(one, choice))
  if (!record) throw new Failure('not-available', `${absence.message}, and it is lent to nobody`)
  using sandbox = ifSandboxIsThere(() => host.open(record.sandboxPath))
  if (sandbox) return
  throw new Failure(
    'lent-to-nobody',
    `${record.device.onHost.name} is lent to container ${record.containerId}, whose sandbox ${record.sandboxPath} is gone`,
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

/** Why a device is not on the host; undefined where it is. */
function absenceOf(host: NetworkNamespace, choice: DeviceChoice): Failure | undefined {
  try {
    findDevice(host, choice)
    return undefined
  } catch (error) {
    if (error instanceof Failure && error.kind === 'device-not-found') return error
    throw error
  }
}
