import { findLentDevice } from '../../device/lent-device.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { findLink } from '../../kernel/netlink/link.js'
import { changeLink } from '../../kernel/netlink/link-change.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { attachmentRecords } from '../../records/attachments.js'
import { lockDevice } from '../../records/lock.js'
import { type AttachmentKey, elapsedSeconds, isLoan } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import type { Assignment } from '../../state/assigned.js'
import { carriedState, type StateToApply } from '../../state/carry.js'
import { assignedDriftOf, describeDrift, driftOf, putBack } from '../../state/drift.js'
import { besides } from '../../state/interface-lacks.js'
import type { Refusal } from '../../state/refusal.js'
import { rulesOf } from '../additions.js'
import { openRecorded } from '../namespaces.js'
import { claimReset, finishLending, lendAgain } from './lend-again.js'
import { repairRdma } from './rdma.js'

/** How to repair. */
export interface RepairOptions {
  /** Only says what would be done. */
  dryRun: boolean
  /**
   * Whether to put back what no result reports and a later plugin may have set on purpose: the MTU
   * and the sysctls of a device that is in its sandbox.
   */
  settings: boolean
  /** What the runtime's result has of a device of this name in the sandbox; undefined if unknown. */
  reportedOf: (record: AttachmentRecord, name: string) => Assignment | undefined
}

/** What a repair did. */
export interface Repair {
  /** What was put back, or would be. */
  done: string[]
  /** What was not, because something else is in its place, or because nothing can be done. */
  left: Refusal[]
  /** What was not, because the kernel refused it. */
  refused: Refusal[]
}

/**
 * Compares the record of an attachment with its sandbox, and puts back what is missing there. It
 * acts only in the sandbox that the record proves, on the device that it proves; from the host it
 * takes only the NIC that was lent and was reset. The caller has the lock of the attachment.
 * @returns undefined if there is no such attachment any more
 * @throws Failure if the device cannot be repaired
 */
export function repairAttachment(
  stateDir: string,
  key: AttachmentKey,
  options: RepairOptions,
): Repair | undefined {
  const store = attachmentRecords(stateDir)
  const record = store.read(key)
  if (!record) return undefined
  using _device = lockDevice(stateDir, record.device.onHost)
  using host = NetworkNamespace.host()
  if (!record.sandbox)
    return leave('all', 'the record, of an earlier version, does not say which sandbox it is')
  using sandbox = openRecorded(host, record.sandboxPath, record)
  if (!sandbox) return leave('all', 'its sandbox is gone; DEL or GC ends the attachment')
  if (!isLoan(record)) return repairApplied(sandbox, record, options)
  const repair = repairLoan(host, sandbox, stateDir, store, record, options)
  const { done, refused } = repairRdma(host, sandbox, store, key, options.dryRun)
  return {
    ...repair,
    done: [...repair.done, ...done],
    refused: [...repair.refused, ...refused],
  }
}

/** The outcome where nothing can be done. */
export function leave(what: string, reason: string): Repair {
  return { done: [], left: [{ what, reason }], refused: [] }
}

function repairLoan(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
  options: RepairOptions,
): Repair {
  const { device, lendingAgain } = record
  const link = findLentDevice(sandbox, device)
  if (link && !lendingAgain) return repairDevice(sandbox, record, link, options)
  const what = `the device, which was reset, from the host into ${sandbox.name}`
  const asNew = { ...options, settings: true }
  if (link) {
    // An earlier repair was ended after it had moved the device.
    const repair = repairDevice(sandbox, record, link, asNew)
    if (!options.dryRun) finishLending(store, record)
    return repair
  }
  using reset = claimReset(host, sandbox, stateDir, store, record)
  if (options.dryRun) return { done: [what], left: [], refused: [] }
  const lent = lendAgain(host, sandbox, stateDir, store, record, reset.link)
  const repair = repairDevice(sandbox, lent.record, lent.link, asNew)
  finishLending(store, lent.record)
  return { ...repair, done: [what, ...repair.done] }
}

function repairDevice(
  sandbox: NetworkNamespace,
  record: AttachmentRecord,
  link: Link,
  { dryRun, settings, reportedOf }: RepairOptions,
): Repair {
  const { onHost } = record.device
  const all = carriedState(record.state, onHost)
  const whole = { ...all, rules: rulesOf(record), sysctls: settings ? all.sysctls : [] }
  const reported = reportedOf(record, link.name)
  const drift = driftOf(
    sandbox,
    link,
    { state: whole, elapsedSeconds: elapsedSeconds(record) },
    reported,
  )
  const assigned = assignedDriftOf(sandbox, link, whole, reported)
  const isOtherMtu = settings && link.mtu !== onHost.mtu
  const done = [
    ...(isOtherMtu ? [`mtu ${onHost.mtu}`] : []),
    ...describeDrift(drift, link),
    ...describeDrift(assigned, link),
  ]
  if (dryRun) return { done, left: [], refused: [] }
  const refusals = [
    ...(isOtherMtu ? setMtu(sandbox, link, onHost.mtu) : []),
    ...putBack(sandbox, onHost, link, drift, whole),
    ...putBack(sandbox, link, link, assigned, assigned),
  ]
  return outcomeOf(done, refusals)
}

/** The interface of another plugin, which got the state of a device. */
function repairApplied(
  sandbox: NetworkNamespace,
  record: AttachmentRecord,
  { dryRun, reportedOf }: RepairOptions,
): Repair {
  const { added, device } = record
  const link = added?.onInterface && findLink(sandbox.socket, { index: added.onInterface.index })
  if (!added?.onInterface || !link)
    return leave('all', 'its interface is gone; the plugin that made it would have to make it')
  const all = carriedState(record.state, device.onHost)
  const { addresses, routes } = besides(all, added.onInterface)
  // Also what the interface had before ADD: CHECK misses that, too.
  const state: StateToApply = {
    ...all,
    addresses: [...all.addresses, ...addresses],
    routes: [...all.routes, ...routes],
    neighbors: added.onInterface.neighbors,
    rules: rulesOf(record),
    sysctls: [],
  }
  const reported = reportedOf(record, link.name)
  const drift = driftOf(sandbox, link, { state, elapsedSeconds: elapsedSeconds(record) }, reported)
  const done = describeDrift(drift, link)
  if (dryRun) return { done, left: [], refused: [] }
  return outcomeOf(done, putBack(sandbox, device.onHost, link, drift, state))
}

function setMtu({ socket }: NetworkNamespace, link: Link, mtu: number): Refusal[] {
  try {
    changeLink(socket, link.index, { mtu })
    return []
  } catch (error) {
    return [{ what: `mtu ${mtu}`, reason: (error as Error).message }]
  }
}

function outcomeOf(tried: string[], refusals: Refusal[]): Repair {
  const without = new Set(refusals.map(({ what }) => what))
  return {
    done: tried.filter((what) => !without.has(what)),
    left: refusals.filter(({ displaced }) => displaced),
    refused: refusals.filter(({ displaced }) => !displaced),
  }
}
