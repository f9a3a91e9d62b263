import { lendDevice } from '../../device/lend.js'
import { detachPrograms } from '../../device/programs.js'
import { moveRdma } from '../../device/rdma.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { requireMemoryToUndo } from '../../memory-to-undo.js'
import { enterPhase } from '../../phases.js'
import { attachmentRecords, loansIn } from '../../records/attachments.js'
import { lockAttachment, lockDevice } from '../../records/lock.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { applyState } from '../../state/apply.js'
import { leaveGroups } from '../../state/autojoin.js'
import { namesAround } from '../../state/names-in.js'
import { planState } from '../../state/plan.js'
import { mayLeadTo, withRoutesAway } from '../../state/routes-away.js'
import type { PackedState } from '../../state/schema.js'
import { addStandIns, warnOfLostRoutes } from '../../state/stand-ins.js'
import { waysAround } from '../../state/taken-place.js'
import { withAdditions } from '../additions.js'
import type { Call } from '../call.js'
import { giveBackCaptured } from '../captured.js'
import { lookLocked } from '../common-routes.js'
import { type OpenGround, openGround } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { announceAssigned, applyAssigned, askForAddresses } from './assign.js'
import { claimDevice, earlierRecord, requireNoLoan, requireStillThere } from './claim.js'
import { mayEnd, requireNoneEnds } from './ending-loans.js'
import { carriedByMove, inspectToMove, type Lendable, warnOfMove } from './preflight.js'
import { logAdd, recordOf } from './record.js'
import { contributionOf, informOfDevice, resultOf } from './report.js'

/** Moves the device into the sandbox, and applies its addresses and routes there. */
export async function addByMove(call: Call): Promise<object> {
  const { configuration } = call
  using ground = await openGround(call)
  const { stateDir, key, ipam, gvisor, host, sandbox } = ground
  const store = attachmentRecords(stateDir)
  const found = await claimDevice(host, call, store)
  await giveBackCaptured(call, host, found)
  await settleOutstanding(stateDir)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  requireNoLoan(await earlierRecord(call, store, key))
  using _device = lockDevice(stateDir, found)
  enterPhase('look')
  const [seen, routes] = lookLocked(stateDir, () => look(call, ground, store, found))
  using _routes = routes
  const { onHost, lendable, loans, whole } = seen
  const { lent, state, foreign, pciAddress } = lendable
  const nameOf = namesAround(host, onHost, state)
  const prepare = (link: Link) => {
    const carried = carriedByMove(call, ground, onHost, state, nameOf)
    const contribution = contributionOf(call, link, carried, pciAddress)
    const plan = { ...planState(onHost, link, carried), hadRoutes: carried.order }
    return { plan, contribution, remarks: carried.remarks }
  }
  const expected = { ...onHost, name: key.nameInSandbox }

  requireMemoryToUndo()
  enterPhase('record')
  let record = withAdditions(store, sandbox, recordOf(call, 'move', lent, whole))
  const makeDurable = store.writeAhead(record)
  try {
    enterPhase('move')
    leaveGroups(host, onHost, state)
    const standIns = addStandIns(host, state, onHost, loans.length > 0)
    const bringUp = state.sysctls.length === 0
    const meanwhile = () => {
      makeDurable()
      host.closeSysfs()
      return prepare(expected)
    }
    const { link, done } = lendDevice(host, sandbox, lent, { bringUp, meanwhile })
    routes[Symbol.dispose]()
    const { plan, contribution, remarks } = isAsExpected(link, expected) ? done : prepare(link)
    enterPhase('apply')
    applyState(sandbox, link, plan, waysAround)
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) applyAssigned(sandbox, link, assigned, gvisor)
    enterPhase('report')
    const result = resultOf(call, contribution, assigned)
    gvisor?.keep(sandbox, link)
    if (assigned) await announceAssigned(sandbox, link, assigned)
    const { lent: device, stayed } = moveRdma(host, sandbox, lent)
    if (stayed.length > 0) {
      record = { ...record, device }
      store.write(record)
    }
    // Last: nobody can attach them again if this ADD fails.
    if (configuration.foreignPrograms === 'detach') detachPrograms(sandbox, link, foreign.programs)
    warnOfLostRoutes(host, standIns, onHost)
    warnOfMove(call, host, { ...lendable, lent: device })
    await informOfDevice(call, pciAddress)
    logAdd(`lent ${onHost.name} to ${sandbox.name}`, record, remarks)
    return result
  } catch (error) {
    routes[Symbol.dispose]()
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
): { onHost: Link; lendable: Lendable; loans: AttachmentRecord[]; whole: PackedState } {
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
 * Whether the plan prepared before the move still fits. The kernel keeps MAC and MTU, and the index
 * unless it is taken in the sandbox.
 */
function isAsExpected(link: Link, expected: Link): boolean {
  return (
    link.index === expected.index &&
    link.hardwareAddress === expected.hardwareAddress &&
    link.mtu === expected.mtu
  )
}
