import {
  findLentDevice,
  findMadeAgain,
  isSameDevice,
  type LocatedDevice,
} from '../device/lent-device.js'
import { isSameHardware } from '../device/resemblance.js'
import { broughtUp, returnDevice } from '../device/return.js'
import { searchEverywhere } from '../device/search.js'
import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { loansBesides } from '../records/attachments.js'
import { lockDevice } from '../records/lock.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { joinGroupsAgain, leaveGroups } from '../state/autojoin.js'
import { removeStandIns } from '../state/own-parts.js'
import { canComeUpWithoutSettings } from '../state/sysctls.js'
import { lockRoutesOf } from './common-routes.js'

/** A loan that ends. */
export interface Loan {
  host: NetworkNamespace
  /** Undefined if it no longer exists. */
  sandbox: NetworkNamespace | undefined
  store: RecordStore<AttachmentRecord>
  record: AttachmentRecord
}

/** Its device, with the routes of the host locked. */
export interface Near {
  /** Undefined if it is neither on the host nor in its sandbox. */
  located: LocatedDevice | undefined
  /** Waits until no other call returns a device. */
  alone: () => void
}

/**
 * Does what returns a device to the host and gives it its state back, with the routes of the host locked.
 * A device that is on the host under another index than it had is locked as well: a NIC that was reset
 * is another device to an ADD that selects it, and that ADD does not wait for the end of the loan. The
 * caller has the lock of the device that was lent.
 * @throws Failure `busy`; and what `work` throws
 */
export function returnLocked<T>(stateDir: string, loan: Loan, work: (near: Near) => T): T {
  const { host, record } = loan
  const { onHost } = record.device
  const find = () => findNear(loan)
  const indexOnHost = (found: LocatedDevice | undefined) =>
    found?.namespace === host ? found.link.index : onHost.index
  let index: number
  {
    using routes = lockRoutesOf(stateDir, record)
    const located = find()
    index = indexOnHost(located)
    if (index === onHost.index) return work({ located, alone: routes.alone })
  }
  using _there = lockDevice(stateDir, { index })
  using routes = lockRoutesOf(stateDir, record)
  const located = find()
  if (![index, onHost.index].includes(indexOnHost(located)))
    throw new Failure('busy', `${onHost.name} was reset once more`)
  return work({ located, alone: routes.alone })
}

/** The host first: what looks like a device that is at home must not be taken from a pod. */
function findNear({ host, sandbox, store, record }: Loan): LocatedDevice | undefined {
  const { device } = record
  for (const namespace of sandbox ? [host, sandbox] : [host]) {
    const link = findLentDevice(namespace, device)
    if (link) return { namespace, link }
  }
  const again = findMadeAgain(host, device)
  // It may be that of another loan: of another port of the NIC, or of the same one, lent since.
  if (
    !again ||
    loansBesides(store, record).some((other) => isSameHardware(other.device.onHost, again))
  )
    return undefined
  return { namespace: host, link: again }
}

/**
 * Finds a lent device anywhere on this node and returns it to the host. The store's records say what is
 * lent again: that must not be taken from its new pod.
 * @param restore whether the caller restores the state next; then some settings must be set before
 *   the device is up
 * @returns the device on the host; undefined if it is known to be destroyed (a virtual device is
 *   destroyed with its sandbox) or was lent again
 * @throws Failure `return-failed`; the device then may still exist
 */
export function returnLentDevice(
  { host, sandbox, store, record }: Loan,
  { located, alone }: Near,
  { restore }: { restore: boolean },
): PresentLink | undefined {
  const { device } = record
  const { onHost } = device
  const othersLent = () => loansBesides(store, record).map((other) => other.device)
  const bringHome = (found: LocatedDevice) => {
    if (found.namespace !== host) leaveGroups(found.namespace, found.link, record.state)
    const home = returnDevice(host, device, found, { bringUp: !restore, othersLent, alone })
    const isSoon = restore && onHost.up && onHost.master === undefined && !home.up
    return isSoon && canComeUpWithoutSettings(onHost, home)
      ? upIfPossible(host, onHost, home)
      : home
  }
  if (located) return bringHome(located)
  if (othersLent().some((other) => isSameDevice(other, device))) return undefined
  return searchEverywhere(host, sandbox ? [host, sandbox] : [host], record, bringHome)
}

/**
 * Brings a device up that is home. If the kernel refuses, as with a macvlan whose own device is down,
 * the restoring of its state does, too, and that becomes outstanding.
 */
function upIfPossible(host: NetworkNamespace, onHost: Link, home: PresentLink): PresentLink {
  try {
    return broughtUp(host, onHost, home)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'return-failed') return home
    throw error
  }
}

/**
 * Undoes what ADD did on the host before the move, for a device that never left. If ADD was ended there,
 * the host has both a route and its stand-in, and the device lacks the multicast addresses that joined a
 * group.
 */
export function undoPreparations(
  host: NetworkNamespace,
  still: Link,
  { state, device }: AttachmentRecord,
): void {
  removeStandIns(host, { onHost: device.onHost, state }, still)
  joinGroupsAgain(host, still, state)
}
