import { bounded } from '../bounded.js'
import { asCniError } from '../cni/error.js'
import { findLentDevice, findMadeAgain, isSameDevice } from '../device/lent-device.js'
import { hasHardware } from '../device/resemblance.js'
import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { note, warn, warnOfEach } from '../log.js'
import { attachmentRecords, outstandingKeyOf, outstandingRecords } from '../records/attachments.js'
import { lockDevice } from '../records/lock.js'
import { elapsedSeconds, isLoan, isOfThisBoot } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { isBare, presentOf } from '../state/bare.js'
import { outstandingOf } from '../state/outstanding.js'
import type { Refusal } from '../state/refusal.js'
import { restoreHostState } from '../state/restore.js'
import { orDamage } from './damaged-record.js'

/** Maximum number of calls that fail for one device: its pod must be able to end. */
const MOST_FAILURES = 3

/**
 * Restores what is outstanding. See `settleOutstanding`.
 * @throws Failure `return-failed`
 */
export function settleAll(stateDir: string, isMeant: (record: AttachmentRecord) => boolean): void {
  const store = outstandingRecords(stateDir)
  const failures: Failure[] = []
  for (const record of store.listWithEarlierBoots()) {
    if (!isOfThisBoot(record)) {
      store.remove(outstandingKeyOf(record))
      continue
    }
    const failure = unlessBusy(stateDir, () => settle(stateDir, store, record))
    if (failure && isMeant(record)) failures.push(failure)
  }
  const [first] = failures
  if (first) throw first
}

/**
 * Skips a device that another call has: that call or a later one restores it. Warns of a damaged
 * record: no pod waits for that, its device is home.
 */
function unlessBusy<T>(stateDir: string, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof Failure && error.kind === 'busy') return undefined
    const damage = orDamage(stateDir, error)
    if (damage === error) throw error
    const { message, details } = asCniError(damage)
    warn(`${message}; ${details}`)
    return undefined
  }
}

/** @returns the failure if the kernel may take it soon, and no more than MOST_FAILURES calls failed */
function settle(
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  { device }: AttachmentRecord,
): Failure | undefined {
  using _device = lockDevice(stateDir, device.onHost)
  const key = outstandingKeyOf({ device })
  const record = store.read(key)
  if (!record) return undefined
  using host = NetworkNamespace.host()
  const home = findLentDevice(host, device) ?? findMadeAgain(host, device)
  if (!home) {
    if (!mayComeHome(stateDir, record)) store.remove(key)
    return undefined
  }
  const { onHost } = record.device
  const { mode, state } = record
  if (mode === 'capture' && !isBare(state, presentOf(host, home))) {
    // It was given another state meanwhile.
    store.remove(key)
    return undefined
  }
  const refusals = restoreHostState(
    host,
    home,
    { onHost, state, elapsedSeconds: elapsedSeconds(record) },
    { waitForCarrier: false },
  )
  const left = outstandingOf({ onHost, state }, refusals)
  if (!left) {
    warnOfEach(refusals.map(({ what, reason }) => `${home.name} stays without ${what}: ${reason}`))
    store.remove(key)
    note('info', `${home.name} has back what was outstanding`, () => ({ device: home.name }))
    return undefined
  }
  const isSoon = refusals.some(({ again }) => again === 'soon')
  const failures = (record.failures ?? 0) + (isSoon ? 1 : 0)
  const rest = { ...record, device: { ...record.device, onHost: left.onHost }, state: left.state }
  // Of a capture the device has part of it by now.
  store.write({ ...rest, ...(mode === 'capture' ? { mode: 'move' as const } : {}), failures })
  return isSoon && failures <= MOST_FAILURES ? failureOf(home.name, refusals) : undefined
}

/** A device that is neither on the host nor lent: hardware is with another plugin, say. */
function mayComeHome(stateDir: string, { device }: AttachmentRecord): boolean {
  if (hasHardware(device.onHost)) return true
  const loans = attachmentRecords(stateDir).list().filter(isLoan)
  return loans.some((loan) => isSameDevice(loan.device, device))
}

function failureOf(name: string, refusals: Refusal[]): Failure {
  const missing = refusals.map(({ what, reason }) => `${what}: ${reason}`)
  return new Failure(
    'return-failed',
    `cannot give ${name} all back that it had before it was lent: ${bounded(missing).join('; ')}`,
    `the device is on the host as ${name}; a later DEL tries again`,
  )
}
