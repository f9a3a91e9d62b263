import type { LentDevice } from '../../device/lent-device-schema.js'
import { detachPrograms } from '../../device/programs.js'
import { moveRdma } from '../../device/rdma.js'
import { requireMemoryToUndo } from '../../exhausted.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { enterPhase } from '../../phases.js'
import { attachmentRecords, loansIn } from '../../records/attachments.js'
import { lockAttachment, lockDevice } from '../../records/lock.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { mayLeadTo } from '../../records/text-filter.js'
import { applyState } from '../../state/apply.js'
import { withRoutesAway } from '../../state/routes-away.js'
import { warnOfLostRoutes } from '../../state/stand-ins.js'
import { waysAround } from '../../state/taken-place.js'
import { withAdditions } from '../additions.js'
import type { Call } from '../call.js'
import { lookLocked } from '../common-routes.js'
import { giveBackCaptured } from '../give-back-captured.js'
import { type OpenGround, openGround } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { announceAssigned, applyAssigned, askForAddresses } from './assign.js'
import { claimDevice, requireStillThere } from './claim.js'
import { earlierRecord, requireNoLoan } from './earlier-loan.js'
import { mayEnd, requireNoneEnds } from './ending-loans.js'
import { type Moved, moveIn, type Seen } from './move-in.js'
import { inspectToMove, type Lendable, warnOfMove, warnOfPrograms } from './preflight.js'
import { logAdd, recordOf } from './record.js'
import { informOfDevice, resultOf } from './report.js'

/** Moves the device into the sandbox, and applies its addresses and routes there. */
export async function addByMove(call: Call): Promise<object> {
  using ground = await openGround(call)
  const { stateDir, key, host, sandbox } = ground
  const store = attachmentRecords(stateDir)
  const found = await claimDevice(host, call, store)
  await giveBackCaptured(call, host, found)
  await settleOutstanding(stateDir)
  enterPhase('locks')
  using _attachmentLock = lockAttachment(stateDir, key)
  requireNoLoan(await earlierRecord(call, store, key))
  // Also where an earlier loan has just ended, with phases of its own.
  enterPhase('locks')
  using _deviceLock = lockDevice(stateDir, found)
  enterPhase('look')
  const { seen, routesLock } = lookLocked(stateDir, () => look(call, ground, store, found))
  using _routesLock = routesLock
  requireMemoryToUndo()
  enterPhase('record')
  const { lendable, whole } = seen
  const record = withAdditions(store, sandbox, recordOf(call, 'move', lendable.lent, whole))
  const makeDurable = store.writeAhead(record)
  try {
    const moved = moveIn(call, ground, seen, { routesLock, makeDurable })
    const { result, lent } = await configure(call, ground, moved, record)
    const final = { ...record, device: lent }
    if (lent !== record.device) store.write(final)
    await report(call, ground, moved, { ...lendable, lent })
    logAdd(`lent ${lent.onHost.name} to ${sandbox.name}`, final, moved.prepared.remarks)
    return result
  } catch (error) {
    const { rollBack } = await import('./undo.js')
    throw await rollBack(ground, store, record, error)
  }
}

/** Looks at the device, and at what is lent that has to do with it. */
function look(
  call: Call,
  ground: OpenGround,
  store: RecordStore<AttachmentRecord>,
  found: Link,
): Seen {
  const { host } = ground
  const onHost = requireStillThere(host, call, store, found)
  const lendable = inspectToMove(call, ground, onHost)
  const { state } = lendable
  const leadsThere = mayLeadTo(state)
  const loans = loansIn(store, (text) => leadsThere(text) || mayEnd(text))
  requireNoneEnds(call, host, onHost, loans)
  const away = loans.map((loan) => loan.state)
  return { onHost, lendable, loans, whole: withRoutesAway(state, away) }
}

/**
 * Gives the device its state and what IPAM assigns, and has the rest follow it into the sandbox.
 * @returns the result, and the device with those of its RDMA devices that moved
 */
async function configure(
  call: Call,
  { ipam, gvisor, host, sandbox }: OpenGround,
  { link, prepared }: Moved,
  { device }: AttachmentRecord,
): Promise<{ result: object; lent: LentDevice }> {
  enterPhase('apply')
  applyState(sandbox, link, prepared.plan, waysAround)
  const assigned = ipam && (await askForAddresses(ipam, call.configuration.useInterfaceNetwork))
  if (assigned) applyAssigned(sandbox, link, assigned, gvisor)
  enterPhase('report')
  const result = resultOf(call, prepared.contribution, assigned)
  gvisor?.keep(sandbox, link)
  if (assigned) await announceAssigned(sandbox, link, assigned)
  return { result, lent: moveRdma(host, sandbox, device).lent }
}

/** Warns of what was lost with the move, and detaches the programs of the host if that is wanted. */
async function report(
  call: Call,
  { host, sandbox }: OpenGround,
  { link, lost }: Moved,
  lendable: Lendable,
): Promise<void> {
  const { lent, foreign, pciAddress } = lendable
  warnOfLostRoutes(host, lost, lent.onHost)
  warnOfMove(host, lendable)
  await informOfDevice(call, pciAddress)
  // Last of what can fail: nobody can attach them again if this ADD is rolled back.
  if (call.configuration.foreignPrograms === 'detach')
    detachPrograms(sandbox, link, foreign.programs)
  warnOfPrograms(call, lendable)
}
