import type { AttachmentKey } from '../../attachments/attachment-key.js'
import { lockAttachment } from '../../attachments/lock.js'
import { AttachmentStore } from '../../attachments/store.js'
import { findDevice } from '../../device/find-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { applyState } from '../../state/apply.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { carriedState } from '../../state/carry.js'
import { planState } from '../../state/plan.js'
import type { HostNetworkState } from '../../state/schema.js'
import { attachmentOf } from '../attachment-of.js'
import type { Call } from '../call.js'
import { choiceOf } from '../choice.js'
import { gvisorOf } from '../gvisor-of.js'
import { ipamOf } from '../ipam-of.js'
import { removeRules } from '../remove-rules.js'
import { requireAnotherNamespace } from '../require-another-namespace.js'
import { requireInterface } from '../require-interface.js'
import { applyAssigned, askForAddresses } from './assign.js'
import { contributionOf } from './contribution.js'
import { recordOf } from './record-of.js'
import { resultOf } from './result-of.js'
import { tell } from './tell.js'
import { undoAdd } from './undo-add.js'

/**
 * Gives an interface that another plugin made the addresses and routes of a host
 * device: those captured before in the chain, or those it has now.
 */
export async function addByApplying(call: Call): Promise<object> {
  const { environment, configuration, cniVersion } = call
  const { netns } = environment
  const { stateDir } = configuration
  const key = attachmentOf(call)
  const ipam = await ipamOf(call)
  const gvisor = await gvisorOf(call)
  using host = NetworkNamespace.host()
  using sandbox = host.open(netns)
  requireAnotherNamespace(host, sandbox, call)
  const store = AttachmentStore.ofAttachments(stateDir)
  using _attachment = lockAttachment(stateDir, key)

  const link = requireInterface(sandbox, key.nameInSandbox)
  gvisor?.requireAudible(sandbox, link)
  const { former, state } = stateToApply(host, key, call)
  const { nameInSandbox } = key
  const record = recordOf(call, 'apply', { onHost: former, nameInSandbox }, state)
  store.write(record)
  try {
    const all = carriedState(state, former)
    const carried = gvisor?.fit(sandbox, all, former, link.index) ?? all
    gvisor?.makeRoom(host, sandbox, link, carried.addresses)
    applyState(sandbox, link, planState(former, link, carried))
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) applyAssigned(sandbox, host, link, assigned, gvisor)
    const result = resultOf(call, contributionOf(link, netns, carried, cniVersion), assigned)
    gvisor?.keep(host, sandbox, link)
    tell(`applied the state of ${former.name} in ${sandbox.name}`, record, carried.remarks)
    return result
  } catch (error) {
    throw await undoAdd(ipam, error, () => {
      removeRules(sandbox, record.device, state)
      store.remove(key)
      return `what ${link.name} was given before goes with it when the sandbox is torn down`
    })
  }
}

function stateToApply(
  host: NetworkNamespace,
  key: AttachmentKey,
  { configuration }: Call,
): { former: Link; state: HostNetworkState } {
  const captured = AttachmentStore.ofCaptures(configuration.stateDir).read(key)
  if (captured) return { former: captured.device.onHost, state: captured.state }
  const former = findDevice(host, choiceOf(configuration))
  return { former, state: captureHostNetworkState(host, former, configuration) }
}
