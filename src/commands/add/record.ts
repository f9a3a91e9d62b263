import { bounded } from '../../bounded.js'
import { podOf } from '../../cni/environment.js'
import { describeCompanion } from '../../device/companions.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import { note, warnOfEach } from '../../log.js'
import { bootId, captureTime } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { type Decision, decisionsOn } from '../../state/describe.js'
import { unpacked } from '../../state/packed.js'
import { withCarriedMetrics } from '../../state/route-metric.js'
import type { PackedState } from '../../state/schema.js'
import type { Call } from '../call.js'

/** The record that ADD writes. */
export function recordOf(
  { environment, configuration }: Call,
  mode: AttachmentRecord['mode'],
  device: LentDevice,
  state: PackedState,
): AttachmentRecord {
  const pod = podOf(environment)
  return {
    format: state.packed ? 3 : 2,
    mode,
    containerId: environment.containerId,
    interfaceName: environment.ifName,
    network: configuration.name,
    ...(pod === undefined ? {} : { pod }),
    sandboxPath: environment.netns,
    ...captureTime(state),
    bootId: bootId(),
    device,
    state,
  }
}

/**
 * Logs an ADD: a warning for each remark, and one info line with everything carried and left
 * behind.
 */
export function logAdd(event: string, record: AttachmentRecord, remarks: string[]): void {
  warnOfEach(remarks)
  const { device, state } = record
  note('info', event, () => {
    const decisions = decisionsOn(withCarriedMetrics(unpacked(state)), device.onHost)
    const { companions } = device
    return {
      device: device.onHost.name,
      as: device.nameInSandbox,
      ...(companions ? { companions: companions.map(describeCompanion) } : {}),
      carried: named(decisions.filter(({ why }) => why === undefined)),
      leftBehind: named(decisions.filter(({ why }) => why !== undefined)),
    }
  })
}

function named(decisions: Decision[]): string[] {
  return bounded(
    decisions.map(({ kind, what, why }) => `${kind}: ${what}${why ? ` (${why})` : ''}`),
  )
}
