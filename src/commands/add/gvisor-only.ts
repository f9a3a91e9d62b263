import { encodeResult } from '../../cni/result.js'
import { warn } from '../../log.js'
import { enterPhase } from '../../phases.js'
import { lockAttachment } from '../../records/lock.js'
import { assignedState } from '../../state/assigned.js'
import { attachmentOf, type Call, gvisorOf, reportedAssignment } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { applyAssigned } from './assign.js'
import { inspectInterface } from './preflight-in-place.js'

/**
 * Prepares an interface for gVisor that another plugin created and configured. If gVisor ran in
 * this namespace before and removed the addresses, they are added again from prevResult.
 */
export async function addForGvisorOnly(call: Call): Promise<object> {
  const { configuration, cniVersion } = call
  const { stateDir, prevResult } = configuration
  const key = attachmentOf(call)
  const gvisor = await gvisorOf(call)
  using namespaces = openNamespaces(call)
  const { sandbox } = namespaces
  await settleOutstanding(stateDir)
  using _attachment = lockAttachment(stateDir, key)
  const link = inspectInterface(call, sandbox, gvisor)
  const reported = reportedAssignment(call)
  const { addresses } = assignedState(reported, link)
  enterPhase('apply')
  if (gvisor?.makeRoom(sandbox, link, addresses)) {
    warn(`${link.name} has none of the addresses that the chain reported: it is given them again`)
    applyAssigned(sandbox, link, reported, gvisor)
  }
  gvisor?.warnOfObstacles(sandbox, link)
  gvisor?.keep(
    sandbox,
    link,
    addresses.map(({ local }) => local),
  )
  return encodeResult(prevResult ?? {}, cniVersion)
}
