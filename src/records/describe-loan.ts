import { printableLine } from '../printable.js'
import type { AttachmentRecord } from './record-schema.js'

/** Container ids of more characters are shortened to what container tools show of them. */
const MOST_CHARACTERS = 24
const SHOWN_CHARACTERS = 12

/**
 * What a record says, for an operator: "eth1 is lent to pod default/web-0 (container 4f5a5b3d…)
 * since 2026-11-29 03:14 UTC, as net1 in sandbox /run/netns/x". It is one line.
 */
export function describeLoan(record: AttachmentRecord): string {
  const { device, mode, sandboxPath } = record
  const done = { move: 'is lent to', apply: 'has given its state to', capture: 'was captured for' }
  const [name, as] = [device.onHost.name, device.nameInSandbox]
  const since = `since ${describeTime(record.lentAt)}`
  return `${name} ${done[mode]} ${describeBorrower(record)} ${since}, as ${as} in sandbox ${printableLine(sandboxPath)}`
}

/** "pod default/web-0 (container 4f5a5b3d…)", or the container alone if the pod is not known. */
export function describeBorrower({ pod, containerId }: AttachmentRecord): string {
  const isLong = containerId.length > MOST_CHARACTERS
  const id = isLong ? `${containerId.slice(0, SHOWN_CHARACTERS)}…` : containerId
  return printableLine(
    pod ? `pod ${pod.namespace}/${pod.name} (container ${id})` : `container ${id}`,
  )
}

/** @param seconds since 1970 */
function describeTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
