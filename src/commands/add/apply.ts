import { enterPhase } from '../../phases.js'
import { attachmentRecords } from '../../records/attachments.js'
import { lockAttachment } from '../../records/lock.js'
import { applyState } from '../../state/apply.js'
import { assignedState } from '../../state/assigned.js'
import { carriedState } from '../../state/carry.js'
import { additionsTo, joined } from '../../state/interface-additions.js'
import { planState } from '../../state/plan.js'
import { waysAround } from '../../state/taken-place.js'
import { takeOffAdditions, withAdditions } from '../additions.js'
import { attachmentOf, type Call, gvisorOf, ipamOf } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { announceAssigned, applyAssigned, askForAddresses } from './assign.js'
import { earlierRecord } from './claim.js'
import { inspectToApply } from './preflight.js'
import { logAdd, recordOf } from './record.js'
import { contributionOf, resultOf } from './report.js'
import { undoAdd } from './undo.js'

/**
 * Applies a host device's addresses and routes to an interface that an earlier plugin created: the
 * state from an earlier `capture` of this chain, else the device's current state.
 */
export async function addByApply(call: Call): Promise<object> {
  const { environment, configuration, cniVersion } = call
  const { netns } = environment
  const { stateDir } = configuration
  const key = attachmentOf(call)
  const ipam = await ipamOf(call)
  const gvisor = await gvisorOf(call)
  using namespaces = openNamespaces(call)
  const { host, sandbox } = namespaces
  const store = attachmentRecords(stateDir)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  const earlier = await earlierRecord(call, store, key)
  enterPhase('look')

  const { link, original, state } = inspectToApply(call, { host, sandbox, gvisor }, earlier)
  enterPhase('record')
  const all = carriedState(state, original)
  const carried = gvisor?.fit(sandbox, all, original, link.index) ?? all
  let additions = additionsTo(sandbox, original, link, carried)
  const lent = { onHost: original, nameInSandbox: key.nameInSandbox }
  const record = withAdditions(store, sandbox, recordOf(call, 'apply', lent, state), additions)
  store.write(record)
  try {
    enterPhase('apply')
    gvisor?.makeRoom(sandbox, link, carried.addresses)
    applyState(sandbox, link, planState(original, link, carried), waysAround)
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) {
      additions = joined(additions, additionsTo(sandbox, link, link, assignedState(assigned, link)))
      store.write(withAdditions(store, sandbox, record, additions))
      applyAssigned(sandbox, link, assigned, gvisor)
    }
    enterPhase('report')
    const result = resultOf(call, contributionOf(link, netns, carried, cniVersion), assigned)
    gvisor?.keep(sandbox, link)
    const isElsewhere = link.hardwareAddress !== original.hardwareAddress
    await announceAssigned(sandbox, link, assigned, isElsewhere ? carried.addresses : [])
    logAdd(`applied the state of ${original.name} in ${sandbox.name}`, record, carried.remarks)
    return result
  } catch (error) {
    throw await undoAdd(ipam, error, () => {
      takeOffAdditions(store, sandbox, record, { earlier, onInterface: additions })
      if (earlier) store.write(earlier)
      else store.remove(key)
      return `what ${link.name} was given is taken off again`
    })
  }
}
