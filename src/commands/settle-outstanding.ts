import { bounded } from '../bounded.js'
import { asCniError } from '../cni/error.js'
import { RETURN_SECONDS, timeToFinish } from '../deadline.js'
import { findOnHost } from '../device/lent-device.js'
import { returnDevice } from '../device/return.js'
import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import type { PresentLink } from '../kernel/netlink/link-schema.js'
import { note, warn, warnOfEach } from '../log.js'
import { outstandingKeyOf, outstandingRecords } from '../records/attachments.js'
import { isUnlockable, lockAsFound, lockDevice, lockRoutes } from '../records/lock.js'
import { elapsedSeconds, isOfThisBoot } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { isBare, presentOf } from '../state/bare.js'
import { outstandingOf } from '../state/outstanding.js'
import type { Refusal } from '../state/refusal.js'
import { restoreHostState } from '../state/restore.js'
import { orDamage } from './damaged-record.js'
import type { Settling } from './outstanding.js'
import { keepWhileAway } from './outstanding-away.js'

/** Maximum number of calls that fail for one device: its pod must be able to end. */
const MOST_FAILURES = 3

/**
 * Restores what is outstanding. See `settleOutstanding`.
 * @throws Failure `return-failed`
 */
export function settleAll(stateDir: string, { searchAway = false, failFor }: Settling): void {
  const store = outstandingRecords(stateDir)
  const failures: Failure[] = []
  for (const record of store.listWithEarlierBoots()) {
    const failure = unlessBusy(stateDir, () => settle(stateDir, store, record, searchAway))
    if (failure && failFor?.(record)) failures.push(failure)
  }
  const [first] = failures
  if (first) throw first
}

/**
 * Skips a device that another call has, without waiting: that call or a later one restores it. So does a
 * later one where no lock file can be made. Warns of a damaged
 * record: no pod waits for that, its device is home.
 */
function unlessBusy<T>(stateDir: string, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    const isBusy = error instanceof Failure && error.kind === 'busy'
    if (isBusy || isUnlockable(error)) return undefined
    const damage = orDamage(stateDir, error)
    if (damage === error) throw error
    const { message, details } = asCniError(damage)
    warn(`${message}; ${details}`)
    return undefined
  }
}

/** What is outstanding of a device that is home, with its locks. */
interface Outstanding {
  host: NetworkNamespace
  store: RecordStore<AttachmentRecord>
  record: AttachmentRecord
  link: PresentLink
}

/** @returns the failure if the kernel may take it soon, and no more than MOST_FAILURES calls failed */
function settle(
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  listed: AttachmentRecord,
  searchAway: boolean,
): Failure | undefined {
  const { device } = listed
  using _device = lockDevice(stateDir, device.onHost, 0)
  const record = store.read(outstandingKeyOf(listed))
  if (!record) {
    // Unless another call has written it anew since.
    if (!isOfThisBoot(listed)) store.remove(outstandingKeyOf(listed))
    return undefined
  }
  using host = NetworkNamespace.host()
  const there = findOnHost(host, device)
  if (!there) {
    if (searchAway) keepWhileAway(stateDir, store, host, record)
    return undefined
  }
  using _there = lockAsFound(stateDir, device.onHost, there, 0)
  using _routes = lockRoutes(stateDir, 'alone')
  using _time = timeToFinish(RETURN_SECONDS)
  // Another call may have lent it while this one waited.
  const link = findOnHost(host, device)
  if (link?.index !== there.index) return undefined
  const outstanding = { host, store, record, link }
  return record.mode === 'capture'
    ? settleCapture(outstanding)
    : restoreAndNote(outstanding, { waitForCarrier: false })
}

/** Of a device that another plugin has moved all is given back that was captured, if it is home bare. */
function settleCapture(outstanding: Outstanding): Failure | undefined {
  const { host, store, record, link } = outstanding
  const { device, state, failures: failed = 0 } = record
  if (!isBare(state, presentOf(host, link), device.onHost.up && !link.up)) {
    store.remove(outstandingKeyOf(record))
    note('info', `${link.name} is home with another state than was captured of it`, () => ({}))
    return undefined
  }
  const home = orFailure(() => broughtBack(outstanding))
  if (!(home instanceof Failure)) return restoreAndNote(home, { waitForCarrier: true })
  store.write({ ...record, failures: failed + 1 })
  return failed < MOST_FAILURES ? home : undefined
}

/** Restores what the kernel takes by now, and notes what is still outstanding. */
function restoreAndNote(
  { host, store, record, link: home }: Outstanding,
  { waitForCarrier }: { waitForCarrier: boolean },
): Failure | undefined {
  const { device, state, failures: failed = 0 } = record
  const { onHost } = device
  const refusals = restoreHostState(
    host,
    home,
    { onHost, state, elapsedSeconds: elapsedSeconds(record) },
    // Of a part of its state, no settings are restored: who has turned IPv6 off since meant it.
    { waitForCarrier, enablesIpv6: onHost.settings?.ipv6 !== undefined },
  )
  const left = outstandingOf({ onHost, state }, refusals)
  if (!left) {
    warnOfEach(refusals.map(({ what, reason }) => `${home.name} stays without ${what}: ${reason}`))
    store.remove(outstandingKeyOf(record))
    note('info', `${home.name} has back what was outstanding`, () => ({ device: home.name }))
    return undefined
  }
  const isSoon = refusals.some(({ again }) => again === 'soon')
  const failures = failed + (isSoon ? 1 : 0)
  const rest = { device: { ...device, onHost: left.onHost }, state: left.state }
  store.write({ ...record, ...rest, failures })
  return isSoon && failures <= MOST_FAILURES ? failureOf(home.name, refusals) : undefined
}

/**
 * Gives a device its name back that another plugin has moved, and then notes that it is to get all that
 * was captured: with part of its state it no longer looks as one does that was moved.
 */
function broughtBack({ host, store, record, link }: Outstanding): Outstanding {
  const home = returnDevice(host, record.device, { namespace: host, link }, { bringUp: false })
  const whole: AttachmentRecord = { ...record, mode: 'move' }
  store.write(whole)
  return { host, store, record: whole, link: home }
}

/** The name of a device may be taken. Other pods are not to wait for that. */
function orFailure<T>(work: () => T): T | Failure {
  try {
    return work()
  } catch (error) {
    if (error instanceof Failure && error.kind === 'return-failed') return error
    throw error
  }
}

function failureOf(name: string, refusals: Refusal[]): Failure {
  const missing = refusals.map(({ what, reason }) => `${what}: ${reason}`)
  return new Failure(
    'return-failed',
    `cannot give ${name} all back that it had before it was lent: ${bounded(missing).join('; ')}`,
    `the device is on the host as ${name}; a later DEL tries again`,
  )
}
