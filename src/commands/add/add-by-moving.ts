import { lockAttachment, lockDevice } from '../../attachments/lock.js'
import { AttachmentStore } from '../../attachments/store.js'
import { isAtLeast } from '../../cni/version.js'
import {
  lendDevice,
  lentDevice,
  requireFreeNames,
  requireMovable,
  requireNobodyDepends,
  requireOrdinaryName,
} from '../../device/lend-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import { applyState } from '../../state/apply.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { carriedState } from '../../state/carry.js'
import { planState } from '../../state/plan.js'
import { lostDefaultRoutes } from '../../state/routes.js'
import { attachmentOf } from '../attachment-of.js'
import type { Call } from '../call.js'
import { gvisorOf } from '../gvisor-of.js'
import { ipamOf } from '../ipam-of.js'
import { requireAnotherNamespace } from '../require-another-namespace.js'
import { applyAssigned, askForAddresses } from './assign.js'
import { contributionOf } from './contribution.js'
import { findDeviceToLend, requireNoLoan, requireStillThere } from './find-device-to-lend.js'
import { recordOf } from './record-of.js'
import { resultOf } from './result-of.js'
import { rollBack } from './roll-back.js'
import { tell } from './tell.js'

/** Lends the device to the sandbox, with its addresses and routes. */
export async function addByMoving(call: Call): Promise<object> {
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
  const found = await findDeviceToLend(host, call)
  using _attachment = lockAttachment(stateDir, key)
  requireNoLoan(host, store, key)
  using _device = lockDevice(stateDir, found)
  const onHost = requireStillThere(host, call, found)
  const lent = lentDevice(onHost, key.nameInSandbox)
  requireMovable(onHost)
  gvisor?.requireAudible(host, onHost)
  requireOrdinaryName(sandbox, lent)
  requireFreeNames(sandbox, lent)
  if (!configuration.force) requireNobodyDepends(onHost)

  const state = captureHostNetworkState(host, onHost, configuration)
  const prepare = (link: Link) => {
    const all = carriedState(state, onHost)
    const carried = gvisor?.fit(sandbox, all, onHost) ?? all
    const contribution = contributionOf(link, netns, carried, cniVersion)
    return { plan: planState(onHost, link, carried), contribution, remarks: carried.remarks }
  }
  const expected = { ...onHost, name: key.nameInSandbox }
  // The oldest versions cannot express a device without addresses.
  if (!ipam && !isAtLeast(cniVersion, '0.3.0'))
    resultOf(call, prepare(expected).contribution, undefined)

  const record = recordOf(call, 'move', lent, state)
  store.write(record)
  try {
    const bringUp = state.sysctls.length === 0
    const { link, done } = lendDevice(host, sandbox, lent, bringUp, () => prepare(expected))
    const { plan, contribution, remarks } = isAsExpected(link, expected) ? done : prepare(link)
    applyState(sandbox, link, plan)
    const assigned = ipam && (await askForAddresses(ipam, configuration.useInterfaceNetwork))
    if (assigned) applyAssigned(sandbox, host, link, assigned, gvisor)
    const result = resultOf(call, contribution, assigned)
    gvisor?.keep(host, sandbox, link)
    for (const route of lostDefaultRoutes(host, onHost, state))
      warn(`with ${onHost.name} the host has lost its only default route: ${route}`)
    tell(`lent ${onHost.name} to ${sandbox.name}`, record, remarks)
    return result
  } catch (error) {
    throw await rollBack(host, sandbox, store, record, ipam, error)
  }
}

/** The kernel keeps all of these on a move, but for an index that the sandbox already uses. */
function isAsExpected(link: Link, expected: Link): boolean {
  return (
    link.index === expected.index &&
    link.hardwareAddress === expected.hardwareAddress &&
    link.mtu === expected.mtu
  )
}
