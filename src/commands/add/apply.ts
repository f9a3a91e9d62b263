import { bounded } from '../../bounded.js'
import { requireMemoryToUndo } from '../../exhausted.js'
import { enterPhase } from '../../phases.js'
import { attachmentRecords, captureRecords } from '../../records/attachments.js'
import { lockAttachment } from '../../records/lock.js'
import { applyState } from '../../state/apply.js'
import { assignedState } from '../../state/assigned.js'
import { carriedState } from '../../state/carry.js'
import { joined } from '../../state/interface-additions.js'
import { additionsTo } from '../../state/interface-lacks.js'
import { namesIn } from '../../state/names-in.js'
import { planState } from '../../state/plan.js'
import { waysAround } from '../../state/taken-place.js'
import { takeOffAdditions, withAdditions } from '../additions.js'
import type { Call } from '../call.js'
import { lookAtRest } from '../common-routes.js'
import { giveBackCaptured } from '../give-back-captured.js'
import { openGround } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { announceAssigned, applyAssigned, askForAddresses } from './assign.js'
import { selectedNow } from './claim.js'
import { earlierRecord } from './earlier-loan.js'
import { inspectInterface, inspectToApply } from './preflight-in-place.js'
import { logAdd, recordOf } from './record.js'
import { contributionOf, resultOf } from './report.js'

/**
 * Applies a host device's addresses and routes to an interface that an earlier plugin created: the
 * state from an earlier `capture` of this chain, else the device's current state.
 */
export async function addByApply(call: Call): Promise<object> {
  const { configuration } = call
  using ground = await openGround(call)
  const { stateDir, key, ipam, gvisor, host, sandbox } = ground
  const store = attachmentRecords(stateDir)
  // Before anything is settled or ends: this refusal says that nothing was changed.
  inspectInterface(call, sandbox, gvisor)
  await settleOutstanding(stateDir)
  const device = captureRecords(stateDir).read(key) ? undefined : selectedNow(host, call)
  if (device) await giveBackCaptured(call, host, device)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  enterPhase('look')
  const earlier = await earlierRecord(call, store, key)

  const look = () => inspectToApply(call, ground, earlier)
  const { link, onHost, state } = lookAtRest(stateDir, device, look)
  requireMemoryToUndo()
  enterPhase('record')
  const all = carriedState(state, onHost, namesIn(ground.host, onHost))
  const carried = gvisor?.fit(sandbox, all, onHost, link.index) ?? all
  let additions = additionsTo(sandbox, onHost, link, carried)
  const lent = { onHost, nameInSandbox: key.nameInSandbox }
  const record = withAdditions(store, sandbox, recordOf(call, 'apply', lent, state), additions)
  store.write(record)
  try {
    enterPhase('apply')
    gvisor?.makeRoom(sandbox, link, carried.addresses)
    applyState(sandbox, link, planState(onHost, link, carried), waysAround)
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) {
      additions = joined(additions, additionsTo(sandbox, link, link, assignedState(assigned, link)))
      store.write(withAdditions(store, sandbox, record, additions))
      applyAssigned(sandbox, link, assigned, gvisor)
    }
    enterPhase('report')
    const result = resultOf(call, contributionOf(call, link, carried), assigned)
    gvisor?.keep(sandbox, link)
    const isElsewhere = link.hardwareAddress !== onHost.hardwareAddress
    await announceAssigned(sandbox, link, assigned, isElsewhere ? carried.addresses : [])
    logAdd(`applied the state of ${onHost.name} in ${sandbox.name}`, record, carried.remarks)
    return result
  } catch (error) {
    const { undoAdd, withoutKeeper } = await import('./undo.js')
    throw await undoAdd(ipam, await withoutKeeper(ground, error), () => {
      const exceptions = { earlier, onInterface: additions }
      const staying = takeOffAdditions(store, sandbox, record, exceptions)
      if (earlier) store.write(earlier)
      else store.remove(key)
      const but = staying.length > 0 ? `, but for ${bounded(staying).join(', ')}` : ''
      return `what ${link.name} was given is taken off again${but}`
    })
  }
}
