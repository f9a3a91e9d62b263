import { keyOf } from '../../attachments/attachment-key.js'
import type { AttachmentRecord } from '../../attachments/record-schema.js'
import type { AttachmentStore } from '../../attachments/store.js'
import type { CniError } from '../../cni/error.js'
import { locate } from '../../device/lent-device.js'
import { returnDevice } from '../../device/return-device.js'
import { Failure } from '../../failure.js'
import type { Ipam } from '../../ipam/ipam.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { restoreHostState } from '../../state/restore.js'
import { canComeUpWithoutSettings } from '../../state/sysctls.js'
import { removeRules } from '../remove-rules.js'
import { undoAdd } from './undo-add.js'

/**
 * Undoes an ADD that failed after its record was written. The record goes once
 * the device is home; else it stays for DEL.
 * @param ipam what it assigned is released
 * @returns the error to report: the original one, and how things are now
 */
export function rollBack(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  store: AttachmentStore,
  record: AttachmentRecord,
  ipam: Ipam | undefined,
  error: unknown,
): Promise<CniError> {
  return undoAdd(ipam, error, () => {
    const outcome = bringHome(host, sandbox, record)
    store.remove(keyOf(record))
    return outcome
  })
}

/** Returns the device and its full host state; says how far that went. */
function bringHome(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  record: AttachmentRecord,
): string {
  const { device, state, lentAt } = record
  const { onHost } = device
  const whereabouts = locate(device, [host, sandbox])
  removeRules(sandbox, device, state)
  if (!whereabouts)
    throw new Failure(
      'return-failed',
      `${onHost.name} is neither in ${sandbox.name} nor on the host`,
    )
  const link = returnDevice(host, device, whereabouts, canComeUpWithoutSettings(onHost))
  const refusals = restoreHostState(host, link, onHost, state, lentAt)
  const home = `the device is back on the host as ${onHost.name}, ${onHost.up ? 'up' : 'down'}`
  if (refusals.length === 0) return `${home}, with its addresses and routes`
  const missing = refusals.map(({ what, reason }) => `${what}: ${reason}`)
  return `${home}, but without ${missing.join('; ')}`
}
