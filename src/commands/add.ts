import { attachmentName } from '../attachments/attachment-name.js'
import { acquireLock } from '../attachments/lock.js'
import type { AttachmentRecord } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import { mergeIntoResult } from '../cni/result.js'
import { findDevice } from '../device/find-device.js'
import { lendDevice, requireFreeNames, requireNobodyDepends } from '../device/lend-device.js'
import { Failure } from '../failure.js'
import type { Link } from '../kernel/objects/link.js'
import { Place } from '../kernel/place.js'
import { warn } from '../log.js'
import { applyState } from '../network-state/apply.js'
import { captureHostNetworkState } from '../network-state/capture.js'
import { carriedState } from '../network-state/carried.js'
import { planState } from '../network-state/plan.js'
import type { Call } from './call.js'
import { choiceOf } from './choice.js'
import { contributionOf } from './contribution.js'
import { rollBack } from './roll-back.js'

/**
 * ADD: lends the device to the sandbox, with its addresses and routes.
 * @returns the result for stdout
 * @throws Failure with the device on the host as it was, or saying where it is
 */
export function add({ environment, cniVersion, configuration }: Call): object {
  const { containerId, ifName, netns } = environment
  const key = { containerId, interfaceName: ifName }
  const { stateDir } = configuration
  using host = Place.host()
  using sandbox = Place.sandbox(netns, host)
  requireAnotherNamespace(host, sandbox)
  const store = new AttachmentStore(stateDir)
  using _attachment = acquireLock(stateDir, attachmentName(key))

  const onHost = findDevice(host, choiceOf(configuration))
  using _device = acquireLock(stateDir, `device-${onHost.index}`)
  const lent = { onHost, nameInSandbox: ifName }
  requireFreeNames(sandbox, lent)
  if (!configuration.force) requireNobodyDepends(onHost)

  const state = captureHostNetworkState(host, onHost, configuration)
  const record: AttachmentRecord = {
    format: 1,
    ...key,
    network: configuration.name,
    sandboxPath: netns,
    device: lent,
    state,
  }
  store.write(record)
  try {
    const prepare = (link: Link) => {
      const carried = carriedState(state, onHost)
      const contribution = contributionOf(link, netns, carried, cniVersion)
      return {
        plan: planState(onHost, link, carried),
        result: mergeIntoResult(configuration.prevResult, cniVersion, contribution),
        remarks: carried.remarks,
      }
    }
    const expected = { ...onHost, name: ifName }
    const bringUp = state.sysctls.length === 0
    const { link, done } = lendDevice(host, sandbox, lent, bringUp, () => prepare(expected))
    const { plan, result, remarks } = isAsExpected(link, expected) ? done : prepare(link)
    applyState(sandbox, host, link, plan)
    for (const text of remarks) warn(text)
    return result
  } catch (error) {
    throw rollBack(host, sandbox, store, record, error)
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

function requireAnotherNamespace(host: Place, sandbox: Place): void {
  if (sandbox.namespace.equals(host.namespace))
    throw new Failure(
      'sandbox-invalid',
      "plugin's netns and netns from CNI_NETNS should not be the same",
    )
}
