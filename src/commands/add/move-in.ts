import type { Contribution } from '../../cni/merge.js'
import { lendDevice } from '../../device/lend.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { enterPhase } from '../../phases.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { leaveGroups } from '../../state/autojoin.js'
import { namesAround } from '../../state/names-in.js'
import { planState, type StatePlan } from '../../state/plan.js'
import type { PackedState } from '../../state/schema.js'
import { addStandIns, type LostRoutes, removeNeedlessStandIns } from '../../state/stand-ins.js'
import type { Call } from '../call.js'
import type { OpenGround } from '../namespaces.js'
import { carriedByMove, type Lendable } from './preflight.js'
import { contributionOf } from './report.js'

/** What was seen of the device, and of what is lent that has to do with it. */
export interface Seen {
  onHost: Link
  lendable: Lendable
  loans: AttachmentRecord[]
  whole: PackedState
}

/** What a device gets in the sandbox, and what is reported of it. */
interface Prepared {
  plan: StatePlan
  contribution: Contribution
  remarks: string[]
}

/** The device in the sandbox, what it is to get there, and what the host has lost with it. */
export interface Moved {
  link: Link
  prepared: Prepared
  lost: LostRoutes
}

/**
 * Moves the device. The routes of the host are locked until it has left, and the record gets to disk
 * meanwhile.
 */
export function moveIn(
  call: Call,
  ground: OpenGround,
  { onHost, lendable, loans }: Seen,
  { routesLock, makeDurable }: { routesLock: Disposable; makeDurable: () => void },
): Moved {
  using _untilMoved = routesLock
  enterPhase('move')
  const { host, sandbox, key } = ground
  const { lent, state } = lendable
  const nameOf = namesAround(host, onHost, state)
  const prepareFor = (link: Link): Prepared => {
    const carried = carriedByMove(call, ground, onHost, state, nameOf)
    const contribution = contributionOf(call, link, carried, lendable.pciAddress)
    const plan = { ...planState(onHost, link, carried), hadRoutes: carried.order }
    return { plan, contribution, remarks: carried.remarks }
  }
  const expected = { ...onHost, name: key.nameInSandbox }
  leaveGroups(host, onHost, state)
  const standIns = addStandIns(host, state, onHost, loans.length > 0)
  const { link, done } = lendDevice(host, sandbox, lent, {
    bringUp: state.sysctls.length === 0,
    meanwhile: () => {
      makeDurable()
      host.closeSysfs()
      return prepareFor(expected)
    },
  })
  const prepared = isAsExpected(link, expected) ? done : prepareFor(link)
  return { link, prepared, lost: removeNeedlessStandIns(host, standIns) }
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
