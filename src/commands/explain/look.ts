import { companionsOf, describeCompanion } from '../../device/companions.js'
import { findOnHost } from '../../device/lent-device.js'
import { describeForeign, foreignProgramsOn } from '../../device/programs.js'
import { findSelectedDevice } from '../../device/selected-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { relationsOf } from '../../kernel/sysfs.js'
import { warnOfEach } from '../../log.js'
import { attachmentRecords, loansIn, outstandingRecords } from '../../records/attachments.js'
import { isOfThisBoot } from '../../records/record.js'
import { requireUsable } from '../../records/state-directory.js'
import { carriedState } from '../../state/carry.js'
import { namesIn } from '../../state/names-in.js'
import { unpacked } from '../../state/packed.js'
import type { HostNetworkState, PackedState } from '../../state/schema.js'
import { standInsFor, warnOfSources } from '../../state/stand-ins.js'
import { lookForDevice } from '../add/claim.js'
import { mayEnd, requireNoneEnds } from '../add/ending-loans.js'
import {
  captureNow,
  carriedByMove,
  inspectToMove,
  warnOfMove,
  warnOfPrograms,
} from '../add/preflight.js'
import {
  inspectInterface,
  inspectToApply,
  inspectToCapture,
  requireForUserspace,
  stateToApply,
} from '../add/preflight-in-place.js'
import { type Call, gvisorOf, ipamOf, nameInSandbox, selectorOf } from '../call.js'
import { unseenForWantOfRights } from '../capabilities.js'
import { type Ground, openNamespaces } from '../namespaces.js'
import { wayOf } from '../way.js'

/** What there is to see of a device, and what ADD would do with it. */
export interface Look {
  device?: Link
  state?: HostNetworkState
  /** Programs of others on the device. */
  programs: string[]
  /** What hangs together with the device, and what becomes of it. */
  companions: string[]
  /** What the reader has to know besides, in sentences without a full stop. */
  notes: string[]
  /** "lend it", or what else ADD would do. */
  would?: string
}

/**
 * Looks at all that ADD looks at, in its order, and warns of what ADD would warn of.
 * @param call with an empty `netns` if no sandbox is given
 * @throws Failure or CniError with which ADD would refuse
 */
export async function lookAsAdd(call: Call): Promise<Look> {
  const look = await lookWhere(call)
  requireUsable(call.configuration.stateDir, 'state-unusable')
  const { device } = look
  const notes = [
    ...(device ? outstandingOf(call, device) : []),
    ...(call.environment.netns === '' ? ['no sandbox was looked at: --netns PATH says which'] : []),
    ...unseenForWantOfRights(),
  ]
  return { ...look, notes: [...look.notes, ...notes] }
}

async function lookWhere(call: Call): Promise<Look> {
  switch (wayOf(call)) {
    case 'move':
      return onGround(call, (ground) => lookToMove(call, ground))
    case 'apply':
      return onGround(call, (ground) => lookToApply(call, ground))
    case 'capture':
      return lookToCapture(call)
    case 'userspace':
      requireForUserspace(call)
      return onGround(call, () => seen({ would: 'have IPAM assign addresses, and move nothing' }))
    case 'gvisor-only':
      return onGround(call, (ground) => lookForGvisorOnly(call, ground))
  }
}

/** Opens what ADD opens, in its order. */
async function onGround(call: Call, look: (ground: Ground) => Look): Promise<Look> {
  await ipamOf(call)
  const gvisor = await gvisorOf(call)
  if (call.environment.netns === '') {
    using host = NetworkNamespace.host()
    return look({ host, sandbox: undefined, gvisor })
  }
  using namespaces = openNamespaces(call)
  const { host, sandbox } = namespaces
  return look({ host, sandbox, gvisor })
}

function lookToMove(call: Call, ground: Ground): Look {
  const { host, gvisor } = ground
  const store = attachmentRecords(call.configuration.stateDir)
  const found = lookForDevice(host, call, store)
  if ('loan' in found) {
    const { device: lent, sandboxPath } = found.loan
    const device = findOnHost(host, lent)
    const back = `ADD first releases it from ${sandboxPath}, where it is no more: what it has then is not known yet`
    return seen({ ...(device ? { device } : {}), notes: [back], would: 'lend it' })
  }
  const lendable = inspectToMove(call, ground, found.device)
  requireNoneEnds(call, host, found.device, loansIn(store, mayEnd))
  const { state, foreign, lent } = lendable
  const device = lent.onHost
  const { remarks } = carriedByMove(call, ground, device, state, namesIn(host, device))
  gvisor?.warnOfOmissions(nameInSandbox(call))
  warnOfSources(host, standInsFor(state, device), device)
  warnOfMove(host, lendable)
  warnOfPrograms(call, lendable)
  warnOfEach(remarks)
  const programs = describeForeign(foreign)
  const companions = (lent.companions ?? []).map(describeCompanion)
  return seen({ device, state, programs, companions, would: 'lend it' })
}

function lookToApply(call: Call, { host, sandbox, gvisor }: Ground): Look {
  const inSandbox = sandbox && inspectToApply(call, { host, sandbox, gvisor })
  const { onHost: device, state } = inSandbox ?? stateToApply(call, host)
  const carried = carriedState(state, device, namesIn(host, device))
  gvisor?.fit(sandbox, carried, device, inSandbox?.link.index)
  gvisor?.warnOfOmissions(nameInSandbox(call))
  warnOfEach(carried.remarks)
  return seen({ device, state, would: `give what is carried to ${nameInSandbox(call)}` })
}

function lookToCapture(call: Call): Look {
  using host = NetworkNamespace.host()
  const { lent, state, remarks } = inspectToCapture(call, host)
  warnOfEach(remarks)
  return seen({ device: lent.onHost, state, would: 'capture its state for a later "apply"' })
}

function lookForGvisorOnly(call: Call, { sandbox, gvisor }: Ground): Look {
  if (sandbox) gvisor?.warnOfObstacles(sandbox, inspectInterface(call, sandbox, gvisor))
  return seen({ would: `prepare ${nameInSandbox(call)} for gVisor` })
}

/** What can be seen of the device that a call is for, although ADD refuses. */
export function whatIsThere(call: Call): Partial<Look> {
  try {
    using host = NetworkNamespace.host()
    const device = findSelectedDevice(host, selectorOf(call.configuration))
    const programs = describeForeign(foreignProgramsOn(host, device))
    const companions = companionsOf(device, relationsOf(device.name).beneath).map(describeCompanion)
    return {
      device,
      programs,
      companions,
      state: unpacked(captureNow(call, host, device)),
    }
  } catch {
    return {}
  }
}

function outstandingOf({ configuration }: Call, { name }: Link): string[] {
  const records = outstandingRecords(configuration.stateDir)
    .look(() => {})
    .filter(isOfThisBoot)
  return records.some(({ device }) => device.onHost.name === name)
    ? ['ADD first tries to restore what is outstanding of it']
    : []
}

function seen({ state, ...parts }: Omit<Partial<Look>, 'state'> & { state?: PackedState }): Look {
  const each = state && { state: unpacked(state) }
  return { programs: [], companions: [], notes: [], ...parts, ...each }
}
