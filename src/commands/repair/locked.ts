import { gvisorRecordOf } from '../../gvisor/release.js'
import { lockAttachment } from '../../records/lock.js'
import type { AttachmentKey } from '../../records/record.js'
import { type Repair, type RepairOptions, repairAttachment } from './attachment.js'

/**
 * Repairs an attachment with its lock. All that decides how is read only then: an ADD that runs has
 * written its record, but not yet that its sandbox is gVisor's, and the runtime not yet the result.
 * @param optionsOf is called with the lock
 * @returns undefined if there is no such attachment any more
 * @throws Failure if it cannot be repaired
 */
export async function repairLocked(
  stateDir: string,
  key: AttachmentKey,
  optionsOf: () => Promise<RepairOptions>,
): Promise<Repair | undefined> {
  using _attachment = lockAttachment(stateDir, key)
  const options = await optionsOf()
  const inGvisor = await gvisorRecordOf(stateDir, key)
  if (!inGvisor) return repairAttachment(stateDir, key, options)
  // gVisor takes addresses away on purpose: they are not missing.
  const { repairInGvisor } = await import('./gvisor.js')
  return repairInGvisor(stateDir, inGvisor, options.dryRun)
}
