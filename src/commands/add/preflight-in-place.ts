import { CniError, ErrorCode } from '../../cni/error.js'
import { describeLentDevice } from '../../device/lent-device.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import { findSelectedDevice } from '../../device/selected-device.js'
import type { Gvisor } from '../../gvisor/gvisor.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { enterPhase } from '../../phases.js'
import { captureRecords } from '../../records/attachments.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { unpacked } from '../../state/packed.js'
import { remarksOnNothing } from '../../state/remarks.js'
import type { HostNetworkState, PackedState } from '../../state/schema.js'
import { attachmentOf, type Call, nameInSandbox, selectorOf } from '../call.js'
import { type Ground, type OpenGround, requireInterface } from '../namespaces.js'
import { requireNotMoved } from './earlier-loan.js'
import { captureNow } from './preflight.js'

/** What another interface is given, each route by itself: some may be there already. */
export interface ToApply {
  onHost: Link
  state: HostNetworkState
}

/**
 * Checks an interface that another plugin made, and finds the state for it.
 * @param earlier the record under the same attachment
 * @throws Failure that says why ADD refuses it
 */
export function inspectToApply(
  call: Call,
  { host, sandbox, gvisor }: Pick<OpenGround, keyof Ground>,
  earlier?: AttachmentRecord,
): ToApply & { link: Link } {
  requireNotMoved(earlier)
  const link = inspectInterface(call, sandbox, gvisor)
  enterPhase('capture')
  return { link, ...stateToApply(call, host) }
}

/**
 * The state of an earlier `capture` of the chain, else the present one of the device.
 * @throws Failure that says why ADD refuses it
 */
export function stateToApply(call: Call, host: NetworkNamespace): ToApply {
  const { configuration } = call
  const captured = captureRecords(configuration.stateDir).read(attachmentOf(call))
  if (captured) return { onHost: captured.device.onHost, state: unpacked(captured.state) }
  const onHost = findSelectedDevice(host, selectorOf(configuration))
  return { onHost, state: unpacked(captureNow(call, host, onHost)) }
}

/**
 * Finds the interface that another plugin made for the call.
 * @throws Failure `device-not-found`, `device-refused`
 */
export function inspectInterface(
  call: Call,
  sandbox: NetworkNamespace,
  gvisor: Gvisor | undefined,
): Link {
  const link = requireInterface(sandbox, nameInSandbox(call))
  gvisor?.requireSupportedLink(sandbox, link)
  return link
}

/**
 * Finds a device whose state is to be captured for a later plugin, and reads it.
 * @throws Failure that says why ADD refuses it
 */
export function inspectToCapture(
  call: Call,
  host: NetworkNamespace,
): { lent: LentDevice; state: PackedState; remarks: string[] } {
  const { configuration } = call
  const onHost = findSelectedDevice(host, selectorOf(configuration))
  enterPhase('capture')
  const state = captureNow(call, host, onHost)
  const lent = describeLentDevice(host, onHost, nameInSandbox(call))
  const remarks = configuration.useInterfaceNetwork ? remarksOnNothing(state, onHost) : []
  return { lent, state, remarks }
}

/** @throws CniError for what a device that a userspace driver has cannot have */
export function requireForUserspace({ written }: Call): void {
  if (written.useInterfaceNetwork !== true) return
  throw new CniError(
    ErrorCode.invalidConfiguration,
    'useInterfaceNetwork is not supported for dpdk-bound devices',
    'nothing was changed; the kernel has no addresses of such a device',
  )
}
