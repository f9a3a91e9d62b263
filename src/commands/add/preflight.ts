import { isAtLeast } from '../../cni/version.js'
import { companionsOf, warnOfCompanions } from '../../device/companions.js'
import { featuresOf } from '../../device/features.js'
import {
  requireFreeNames,
  requireMovable,
  requireNobodyDepends,
  requireOrdinaryName,
  warnOfLosses,
} from '../../device/lend.js'
import { describeLentDevice, isSameDevice } from '../../device/lent-device.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import {
  type ForeignPrograms,
  foreignProgramsOn,
  reportPrograms,
  requireNoPrograms,
} from '../../device/programs.js'
import { describeRadio, requireOnlyOneOfRadio } from '../../device/radio.js'
import { describeRdma } from '../../device/rdma.js'
import { pciAddressOf } from '../../device/selector.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { relationsOf } from '../../kernel/sysfs.js'
import { warn } from '../../log.js'
import { enterPhase } from '../../phases.js'
import { attachmentRecords, loansIn, outstandingRecords } from '../../records/attachments.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { type CarriedState, carriedState } from '../../state/carry.js'
import type { NameOf } from '../../state/describe.js'
import { unpacked } from '../../state/packed.js'
import { remarksOnNothing } from '../../state/remarks.js'
import { lostDefaultRoutes } from '../../state/routes.js'
import type { HostNetworkState, PackedState } from '../../state/schema.js'
import { through } from '../../state/through.js'
import { type Call, nameInSandbox, selectorOf } from '../call.js'
import type { Ground } from '../namespaces.js'
import { contributionOf, resultOf } from './report.js'

/** A device that ADD would move, and what it has on the host. */
export interface Lendable {
  lent: LentDevice
  state: PackedState
  foreign: ForeignPrograms
  /** If it has one of its own. */
  pciAddress: string | undefined
}

/**
 * Checks a device before it is moved.
 * @throws Failure or CniError that says why ADD refuses it
 */
export function inspectToMove(call: Call, ground: Ground, onHost: Link): Lendable {
  const { host, sandbox, gvisor } = ground
  const { configuration } = call
  const lent = describeLentDevice(host, onHost, nameInSandbox(call))
  const pciAddress = pciAddressOf(selectorOf(configuration), lent)
  const { above, beneath, isWireless } = relationsOf(onHost.name)
  if (isWireless) {
    lent.radio = describeRadio(host, onHost)
    requireOnlyOneOfRadio(host, onHost, lent.radio)
  } else requireMovable(onHost)
  gvisor?.requireSupportedLink(host, onHost)
  requireOrdinaryName(sandbox, lent)
  if (sandbox) requireFreeNames(sandbox, lent)
  if (!configuration.force) requireNobodyDepends(onHost, above)
  const foreign = foreignProgramsOn(host, onHost)
  if (configuration.foreignPrograms === 'refuse') requireNoPrograms(onHost, foreign)
  const features = featuresOf(host, onHost)
  if (features) lent.features = features
  lent.programs = foreign.programs.map(({ id }) => id)
  if (configuration.foreignPrograms === 'detach') lent.losesPrograms = true
  const companions = companionsOf(onHost, beneath, lent.radio)
  if (companions.length > 0) lent.companions = companions
  describeRdma(host, lent)
  enterPhase('capture')
  const state = captureNow(call, host, onHost)
  requireExpressible(call, ground, lent, state)
  return { lent, state, foreign, pciAddress }
}

/** What a device has now. */
export function captureNow(call: Call, host: NetworkNamespace, device: Link): PackedState {
  const away = () => statesAway(call, host, device)
  return captureHostNetworkState(host, device, call.configuration, away)
}

/**
 * The states of the devices that are lent, and what is outstanding of devices that are home: they have
 * the routes for which the host has stand-ins.
 * @param onHost the device that is looked at, which may have come home with another index
 */
function statesAway(
  { configuration: { stateDir } }: Call,
  host: NetworkNamespace,
  onHost: Link,
): HostNetworkState[] {
  const looked = describeLentDevice(host, onHost, '')
  const records = [...loansIn(attachmentRecords(stateDir)), ...outstandingRecords(stateDir).list()]
  return records.map(({ device, state: packed }) => {
    const state = unpacked(packed)
    if (!isSameDevice(device, looked)) return state
    const routes = state.routes.map((one) => ({
      ...one,
      value: through(device.onHost, onHost, one.value),
    }))
    return { ...state, routes }
  })
}

/** What is carried of a device that is moved, with all that is to be said of it. */
export function carriedByMove(
  { configuration }: Call,
  { sandbox, gvisor }: Ground,
  onHost: Link,
  state: PackedState,
  nameOf?: NameOf,
): CarriedState {
  const { useInterfaceNetwork, ipam } = configuration
  const all = carriedState(state, onHost, nameOf)
  const carried = gvisor?.fit(sandbox, all, onHost) ?? all
  const nothing = useInterfaceNetwork && !ipam?.type ? remarksOnNothing(state, onHost) : []
  return { ...carried, remarks: [...carried.remarks, ...nothing] }
}

/**
 * Warns of what a device that is moved loses, and the host with it; and of its companions. `explain`
 * warns of the same.
 */
export function warnOfMove(
  host: NetworkNamespace,
  { lent, state }: Pick<Lendable, 'lent' | 'state'>,
): void {
  const { onHost } = lent
  warnOfLosses(host, onHost)
  warnOfCompanions(onHost, lent.companions ?? [])
  for (const route of lostDefaultRoutes(host, onHost, state))
    warn(`with ${onHost.name} the host has lost its only default route: ${route}`)
}

/** Says what becomes of the programs that others have on the device. `explain` says the same. */
export function warnOfPrograms({ configuration }: Call, { lent, foreign }: Lendable): void {
  reportPrograms(lent.onHost, foreign, configuration.foreignPrograms)
}

/** A result of CNI 0.1.0 or 0.2.0 needs an address: ADD fails before the move, not after. */
function requireExpressible(
  call: Call,
  ground: Ground,
  { onHost, nameInSandbox: name }: LentDevice,
  state: PackedState,
): void {
  const { configuration, cniVersion } = call
  if (configuration.ipam?.type || isAtLeast(cniVersion, '0.3.0')) return
  const carried = carriedByMove(call, ground, onHost, state)
  const contribution = contributionOf(call, { ...onHost, name }, carried)
  resultOf(call, contribution, undefined)
}
