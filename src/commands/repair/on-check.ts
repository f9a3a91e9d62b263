import { warnOfEach } from '../../log.js'
import {
  attachmentOf,
  type Call,
  nameInSandbox,
  reportedAssignment,
  reportedInterface,
} from '../call.js'
import { repairLocked } from './locked.js'

/**
 * The repair before a CHECK: what CHECK would find missing is put back, and the neighbour entries,
 * which it does not look at. What prevResult no longer has stays away.
 * @throws Failure if the device cannot be repaired
 */
export async function repairOnCheck(call: Call): Promise<void> {
  const { stateDir } = call.configuration
  const key = attachmentOf(call)
  const repair = await repairLocked(stateDir, key, async () => ({
    dryRun: false,
    settings: false,
    reportedOf: (_, name) => {
      const reported = reportedInterface(call, name) ?? { name: nameInSandbox(call) }
      return reportedAssignment(call, reported.name)
    },
  }))
  const { done = [], refused = [] } = repair ?? {}
  warnOfEach(done.map((what) => `CHECK put back ${what} of ${key.nameInSandbox}`))
  warnOfEach(refused.map(({ what, reason }) => `CHECK cannot put back ${what}: ${reason}`))
}
