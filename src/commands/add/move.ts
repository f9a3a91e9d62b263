import { isAtLeast } from '../../cni/version.js'
import {
  lendDevice,
  requireFreeNames,
  requireMovable,
  requireNobodyDepends,
  requireOrdinaryName,
} from '../../device/lend.js'
import { describeLentDevice } from '../../device/lent-device.js'
import { pciAddressOf } from '../../device/pci-address.js'
import {
  detachPrograms,
  foreignProgramsOn,
  reportPrograms,
  requireNoPrograms,
} from '../../device/programs.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import { enterPhase } from '../../phases.js'
import { lockAttachment, lockDevice } from '../../records/lock.js'
import { attachmentRecords } from '../../records/store.js'
import { applyState } from '../../state/apply.js'
import { leaveGroups } from '../../state/autojoin.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { carriedState, remarksOnNothing } from '../../state/carry.js'
import { planState } from '../../state/plan.js'
import { lostDefaultRoutes } from '../../state/routes.js'
import { addStandIns, warnOfLostRoutes } from '../../state/stand-ins.js'
import { waysAround } from '../../state/taken-place.js'
import { withAdditions } from '../additions.js'
import { attachmentOf, type Call, gvisorOf, ipamOf } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { selectorOf } from '../way.js'
import { announceAssigned, applyAssigned, askForAddresses } from './assign.js'
import { claimDevice, requireNoLoan, requireStillThere } from './claim.js'
import { logAdd, recordOf } from './record.js'
import { contributionOf, informOfDevice, resultOf } from './report.js'
import { rollBack } from './undo.js'

/** Moves the device into the sandbox, and applies its addresses and routes there. */
export async function addByMove(call: Call): Promise<object> {
  const { environment, configuration, cniVersion } = call
  const { netns } = environment
  const { stateDir } = configuration
  const key = attachmentOf(call)
  const ipam = await ipamOf(call)
  const gvisor = await gvisorOf(call)
  using namespaces = openNamespaces(call)
  const { host, sandbox } = namespaces
  const store = attachmentRecords(stateDir)
  const found = await claimDevice(host, call)
  await settleOutstanding(stateDir)
  enterPhase('locks')
  using _attachment = lockAttachment(stateDir, key)
  requireNoLoan(host, store, key)
  using _device = lockDevice(stateDir, found)
  enterPhase('look')
  const onHost = requireStillThere(host, call, found)
  const lent = describeLentDevice(host, onHost, key.nameInSandbox)
  const pciAddress = pciAddressOf(selectorOf(configuration), lent)
  requireMovable(onHost)
  gvisor?.requireSupportedLink(host, onHost)
  requireOrdinaryName(sandbox, lent)
  requireFreeNames(sandbox, lent)
  if (!configuration.force) requireNobodyDepends(onHost)
  const foreign = foreignProgramsOn(host, onHost)
  if (configuration.foreignPrograms === 'refuse') requireNoPrograms(onHost, foreign)
  lent.programs = foreign.programs.map(({ id }) => id)

  enterPhase('capture')
  const state = captureHostNetworkState(host, onHost, configuration)
  const expectsState = configuration.useInterfaceNetwork && !ipam
  const prepare = (link: Link) => {
    const all = carriedState(state, onHost)
    const carried = gvisor?.fit(sandbox, all, onHost) ?? all
    const contribution = contributionOf(link, netns, carried, cniVersion, pciAddress)
    const remarks = [...carried.remarks, ...(expectsState ? remarksOnNothing(state, onHost) : [])]
    return { plan: planState(onHost, link, carried), contribution, remarks }
  }
  const expected = { ...onHost, name: key.nameInSandbox }
  // A result of CNI 0.1.0 or 0.2.0 needs an address: fail before the move, not after.
  if (!ipam && !isAtLeast(cniVersion, '0.3.0'))
    resultOf(call, prepare(expected).contribution, undefined)

  enterPhase('record')
  const record = withAdditions(store, sandbox, recordOf(call, 'move', lent, state))
  store.write(record)
  try {
    enterPhase('move')
    leaveGroups(host, onHost, state)
    addStandIns(host, state, onHost)
    const bringUp = state.sysctls.length === 0
    const { link, done } = lendDevice(host, sandbox, lent, bringUp, () => {
      host.closeSysfs()
      return prepare(expected)
    })
    const { plan, contribution, remarks } = isAsExpected(link, expected) ? done : prepare(link)
    enterPhase('apply')
    applyState(sandbox, link, plan, waysAround)
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) applyAssigned(sandbox, link, assigned, gvisor)
    enterPhase('report')
    const result = resultOf(call, contribution, assigned)
    gvisor?.keep(sandbox, link)
    if (assigned) await announceAssigned(sandbox, link, assigned)
    // Last: nobody can attach them again if this ADD fails.
    if (configuration.foreignPrograms === 'detach') detachPrograms(sandbox, link, foreign.programs)
    warnOfLostRoutes(host, state, onHost)
    reportPrograms(onHost, foreign, configuration.foreignPrograms)
    for (const route of lostDefaultRoutes(host, onHost, state))
      warn(`with ${onHost.name} the host has lost its only default route: ${route}`)
    await informOfDevice(call, pciAddress)
    logAdd(`lent ${onHost.name} to ${sandbox.name}`, record, remarks)
    return result
  } catch (error) {
    throw await rollBack(stateDir, host, sandbox, store, record, ipam, error)
  }
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
