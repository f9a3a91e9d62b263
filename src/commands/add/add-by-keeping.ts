import { lockAttachment } from '../../attachments/lock.js'
import { expressResult } from '../../cni/result/express.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { warn } from '../../log.js'
import { assignedState } from '../../state/assigned.js'
import { attachmentOf } from '../attachment-of.js'
import type { Call } from '../call.js'
import { gvisorOf } from '../gvisor-of.js'
import { reportedAssignment } from '../reported.js'
import { requireAnotherNamespace } from '../require-another-namespace.js'
import { requireInterface } from '../require-interface.js'
import { applyAssigned } from './assign.js'

/**
 * Does nothing for an interface but what gVisor needs: another plugin of the chain made
 * it and gave it its addresses. Where a sandbox ran on it before, it gets them again.
 */
export async function addByKeeping(call: Call): Promise<object> {
  const { configuration, environment, cniVersion } = call
  const { stateDir, prevResult } = configuration
  const key = attachmentOf(call)
  const gvisor = await gvisorOf(call)
  using host = NetworkNamespace.host()
  using sandbox = host.open(environment.netns)
  requireAnotherNamespace(host, sandbox, call)
  using _attachment = lockAttachment(stateDir, key)
  const link = requireInterface(sandbox, key.nameInSandbox)
  gvisor?.requireAudible(sandbox, link)
  const reported = reportedAssignment(call)
  const { addresses } = assignedState(reported, link)
  if (gvisor?.makeRoom(host, sandbox, link, addresses)) {
    warn(`${link.name} has none of the addresses that the chain reported: it is given them again`)
    applyAssigned(sandbox, host, link, reported, gvisor)
  }
  gvisor?.warnOfObstacles(sandbox, link)
  gvisor?.keep(
    host,
    sandbox,
    link,
    addresses.map(({ local }) => local),
  )
  return expressResult(prevResult ?? {}, cniVersion)
}
