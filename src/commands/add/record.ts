import type { LentDevice } from '../../device/lent-device-schema.js'
import { note, warn } from '../../log.js'
import { bootId } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { type Decision, decisionsOn } from '../../state/describe.js'
import type { HostNetworkState } from '../../state/schema.js'
import type { Call } from '../call.js'

/** The record that ADD writes. */
export function recordOf(
  { environment, configuration }: Call,
  mode: AttachmentRecord['mode'],
  device: LentDevice,
  state: HostNetworkState,
): AttachmentRecord {
  return {
    format: 2,
    mode,
    containerId: environment.containerId,
    interfaceName: environment.ifName,
    network: configuration.name,
    sandboxPath: environment.netns,
    lentAt: Math.floor(Date.now() / 1000),
    bootId: bootId(),
    device,
    state,
  }
}

/** Maximum number of items in a log line. */
const LONGEST_LIST = 200

/**
 * Logs an ADD: a warning for each remark, and one info line with everything carried and left
 * behind.
 */
export function logAdd(event: string, record: AttachmentRecord, remarks: string[]): void {
  for (const text of remarks) warn(text)
  const { device, state } = record
  note('info', event, () => {
    const decisions = decisionsOn(state, device.onHost)
    return {
      device: device.onHost.name,
      as: device.nameInSandbox,
      carried: named(decisions.filter(({ why }) => why === undefined)),
      leftBehind: named(decisions.filter(({ why }) => why !== undefined)),
    }
  })
}

function named(decisions: Decision[]): string[] {
  const texts = decisions
    .slice(0, LONGEST_LIST)
    .map(({ kind, what, why }) => `${kind}: ${what}${why === undefined ? '' : ` (${why})`}`)
  const more = decisions.length - texts.length
  return more > 0 ? [...texts, `and ${more} more`] : texts
}
