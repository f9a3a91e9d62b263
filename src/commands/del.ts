import { acquireLock } from '../attachments/lock.js'
import { AttachmentStore } from '../attachments/store.js'
import { locate } from '../device/lent-device.js'
import { returnDevice } from '../device/return-device.js'
import { Failure } from '../failure.js'
import { Place } from '../kernel/place.js'
import type { Call } from './call.js'
import { removeRules } from './remove-rules.js'

/**
 * DEL: brings the device home under its own name, up if it was up. Success where
 * nothing is left to do, so that it can be called again.
 * @throws Failure with the device usable where it is, for a later DEL
 */
export function del({ environment, configuration }: Call): undefined {
  const { containerId, ifName: interfaceName, netns } = environment
  const { stateDir } = configuration
  const store = new AttachmentStore(stateDir)
  using _attachment = acquireLock(stateDir, `${containerId}:${interfaceName}`)
  const record = store.read({ containerId, interfaceName })
  if (!record) return

  using _device = acquireLock(stateDir, `device-${record.device.onHost.index}`)
  using host = Place.host()
  using sandbox = openIfThere(netns || record.sandboxPath, host)
  const whereabouts = locate(record.device, sandbox ? [host, sandbox] : [host])
  if (sandbox) removeRules(sandbox, record.device, record.state)
  if (whereabouts) returnDevice(host, record.device, whereabouts)
  store.remove(record)
}

/** A sandbox that is gone is no reason for DEL to fail. */
function openIfThere(path: string, host: Place): Place | undefined {
  try {
    return Place.sandbox(path, host)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'sandbox-invalid') return undefined
    throw error
  }
}
