import { bounded } from '../../bounded.js'
import { requireMemoryToUndo } from '../../exhausted.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { enterPhase } from '../../phases.js'
import { attachmentRecords, captureRecords } from '../../records/attachments.js'
import { lockAttachment } from '../../records/lock.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { applyState } from '../../state/apply.js'
import { assignedState } from '../../state/assigned.js'
import { type CarriedState, carriedState } from '../../state/carry.js'
import { joined } from '../../state/interface-additions.js'
import { additionsTo } from '../../state/interface-lacks.js'
import { namesIn } from '../../state/names-in.js'
import { planState } from '../../state/plan.js'
import type { InterfaceAdditions } from '../../state/schema.js'
import { waysAround } from '../../state/taken-place.js'
import { takeOffAdditions, withAdditions } from '../additions.js'
import type { Call } from '../call.js'
import { lookAtRest } from '../common-routes.js'
import { giveBackCaptured } from '../give-back-captured.js'
import { type OpenGround, openGround } from '../namespaces.js'
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
  const seen = lookAtRest(stateDir, device, () => inspectToApply(call, ground, earlier))
  requireMemoryToUndo()
  enterPhase('record')
  const gift = giftOf(call, ground, store, seen)
  const { record, carried } = gift
  store.write(record)
  try {
    const result = await give(call, ground, store, gift)
    logAdd(`applied the state of ${seen.onHost.name} in ${sandbox.name}`, record, carried.remarks)
    return result
  } catch (error) {
    const { undoAdd, withoutKeeper } = await import('./undo.js')
    throw await undoAdd(ipam, await withoutKeeper(ground, error), () => {
      const exceptions = { earlier, onInterface: gift.additions }
      const staying = takeOffAdditions(store, sandbox, record, exceptions)
      if (earlier) store.write(earlier)
      else store.remove(key)
      const but = staying.length > 0 ? `, but for ${bounded(staying).join(', ')}` : ''
      return `what ${seen.link.name} was given is taken off again${but}`
    })
  }
}

/** What an interface is given. */
interface Gift {
  onHost: Link
  /** The interface. */
  link: Link
  carried: CarriedState
  /** What it has not yet; what IPAM assigns comes to that. */
  additions: InterfaceAdditions
  record: AttachmentRecord
}

function giftOf(
  call: Call,
  { host, sandbox, key, gvisor }: OpenGround,
  store: RecordStore<AttachmentRecord>,
  { onHost, link, state }: ReturnType<typeof inspectToApply>,
): Gift {
  const all = carriedState(state, onHost, namesIn(host, onHost))
  const carried = gvisor?.fit(sandbox, all, onHost, link.index) ?? all
  const additions = additionsTo(sandbox, onHost, link, carried)
  const lent = { onHost, nameInSandbox: key.nameInSandbox }
  const record = withAdditions(store, sandbox, recordOf(call, 'apply', lent, state), additions)
  return { onHost, link, carried, additions, record }
}

/**
 * Gives the interface the state of the device, and what IPAM assigns.
 * @returns the result
 */
async function give(
  call: Call,
  { ipam, gvisor, sandbox }: OpenGround,
  store: RecordStore<AttachmentRecord>,
  gift: Gift,
): Promise<object> {
  const { onHost, link, carried, record } = gift
  enterPhase('apply')
  gvisor?.makeRoom(sandbox, link, carried.addresses)
  applyState(sandbox, link, planState(onHost, link, carried), waysAround)
  const assigned = ipam && (await askForAddresses(ipam, call.configuration.useInterfaceNetwork))
  if (assigned) {
    const more = additionsTo(sandbox, link, link, assignedState(assigned, link))
    gift.additions = joined(gift.additions, more)
    store.write(withAdditions(store, sandbox, record, gift.additions))
    applyAssigned(sandbox, link, assigned, gvisor)
  }
  enterPhase('report')
  const result = resultOf(call, contributionOf(call, link, carried), assigned)
  gvisor?.keep(sandbox, link)
  const isElsewhere = link.hardwareAddress !== onHost.hardwareAddress
  await announceAssigned(sandbox, link, assigned, isElsewhere ? carried.addresses : [])
  return result
}
