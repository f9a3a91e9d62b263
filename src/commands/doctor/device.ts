import type { Configuration } from '../../cni/configuration-schema.js'
import { findSelectedDevice } from '../../device/selected-device.js'
import {
  type DeviceSelector,
  isEmptySelector,
  isForUserspace,
  selects,
} from '../../device/selector.js'
import { Failure } from '../../failure.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { attachmentRecords } from '../../records/attachments.js'
import { isOfThisBoot } from '../../records/record.js'
import { unreadable } from '../../records/state-directory.js'
import { selectorOf } from '../call.js'
import { type Finding, fault } from './finding.js'

/**
 * The device that a configuration selects.
 * @returns neither if it selects none, as with the `deviceID` of a pod, or if the device is lent
 */
export function selectedDevice(
  host: NetworkNamespace,
  configuration: Configuration,
): { device?: Link; findings: Finding[] } {
  const selector = selectorOf(configuration)
  if (isEmptySelector(selector)) return { findings: notLookedAt(configuration) }
  if (isForUserspace(selector)) return { findings: [] }
  try {
    return { device: findSelectedDevice(host, selector), findings: [] }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'device-not-found' && mayBeLent(configuration.stateDir, selector))
      return { findings: [] }
    const cure =
      error.kind === 'device-not-found' || !error.details
        ? "take one that 'ip link' or 'host-device-l3 list' shows, and correct the configuration"
        : error.details
    return { findings: [fault('device', error.message, cure)] }
  }
}

/** Where the state directory cannot be read, which is a finding of its own, nobody knows. */
function mayBeLent(stateDir: string, selector: DeviceSelector): boolean {
  return (
    unreadable(stateDir) !== undefined ||
    attachmentRecords(stateDir)
      .look(() => {})
      .filter(isOfThisBoot)
      .some(({ mode, device }) => mode === 'move' && selects(selector, device))
  )
}

/** A device plugin chooses the device of each pod, and the runtime adds it to the call. */
function notLookedAt(configuration: Configuration): Finding[] {
  const capabilities: Record<string, unknown> = configuration.capabilities ?? {}
  if (capabilities.deviceID !== true) return []
  return [
    {
      level: 'note',
      about: 'device',
      text: 'each pod brings its own, as runtimeConfig.deviceID: none was looked at',
      cure: 'to look at one, put its PCI address as "pciBusID" into a copy of the file',
    },
  ]
}
