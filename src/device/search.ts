import { existsSync } from 'node:fs'
import { pause } from '../deadline.js'
import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLinkAt } from '../kernel/netlink/link.js'
import { whyNotAllVisible } from '../kernel/visible-processes.js'
import { note } from '../log.js'
import { Doubt, type Unfound } from './doubt.js'
import { everyNamespace, notEverywhere } from './every-namespace.js'
import { findLentDevice, type LocatedDevice, sysfsOf } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'
import { hasHardware } from './resemblance.js'

const FIRST_PAUSE_MILLISECONDS = 20
const LONGEST_PAUSE_MILLISECONDS = { virtual: 40, hardware: 320 }

/** The directory of all devices without hardware. */
const VIRTUAL = 'devices/virtual/net'

/** Whether a device has no hardware, and the kernel destroys it with its namespace. */
export function isVirtualDevice({ identity, onHost }: LentDevice): boolean {
  return identity ? identity.directory === VIRTUAL : !hasHardware(onHost)
}

/** A lent device, and its sandbox when it was lent. */
interface LentAway {
  device: LentDevice
  sandboxPath: string
  /** Absent in a record of an earlier version. */
  sandbox?: { inode: number }
}

/**
 * Searches every network namespace of the node for a lent device that is neither on the host nor in
 * its sandbox. The sandbox's path may be gone while the namespace still exists, or a process in the
 * sandbox may have moved the device on, or keep moving it. So the search is repeated until the
 * device is found, or the kernel counts no more devices than were found.
 * @param namespaces the host, and the sandbox if it exists
 * @param found called with the device while its namespace is open
 * @returns the result of `found`; undefined if the device is known to be destroyed, or is virtual
 *   and in no namespace that can be found, of all processes: a pod could as well have destroyed it
 * @throws Failure `return-failed` if it may still exist
 */
export function searchEverywhere<T>(
  host: NetworkNamespace,
  namespaces: NetworkNamespace[],
  { device: lent, sandboxPath, sandbox }: LentAway,
  found: (device: LocatedDevice) => T,
): T | undefined {
  const { identity, onHost } = lent
  const isVirtual = isVirtualDevice(lent)
  // A pod could make a device that resembles it.
  if (!identity && isVirtual) return requireNoStranger(namespaces, lent)
  const doubt = new Doubt(isVirtual)
  const longest = LONGEST_PAUSE_MILLISECONDS[isVirtual ? 'virtual' : 'hardware']
  for (let wait = FIRST_PAUSE_MILLISECONDS; ; wait = Math.min(2 * wait, longest)) {
    const before = countEverywhere(host, lent)
    const seen = searchOnce(host, namespaces, { lent, sandbox: sandbox?.inode }, found)
    if ('result' in seen) return seen.result
    doubt.note(seen, Math.max(before, countEverywhere(host, lent)))
    const verdict = doubt.verdict()
    if (verdict === 'destroyed') return undefined
    if (verdict === 'without a trace') {
      const hidden = whyNotAllVisible(sandboxPath)
      if (hidden !== undefined) throw mayStillExist(lent, notEverywhere(hidden))
      note('info', `${onHost.name} counts as destroyed`, () => ({ identity }))
      return undefined
    }
    if (typeof verdict === 'object') throw mayStillExist(lent, verdict.mayExist)
    if (verdict === 'search later') pause(wait)
  }
}

/** What one search saw: the device, or what there was instead. */
type Seen<T> = { result: T } | Unfound

function searchOnce<T>(
  host: NetworkNamespace,
  namespaces: NetworkNamespace[],
  { lent, sandbox }: { lent: LentDevice; sandbox: number | undefined },
  found: (device: LocatedDevice) => T,
): Seen<T> {
  const inodes = new Set<number>()
  let obstacle: string | undefined
  let siblings = 0
  let evades = false
  const look = (namespace: NetworkNamespace): LocatedDevice | undefined => {
    inodes.add(namespace.identity.inode)
    const { link, isThere, siblings: more } = lookIn(namespace, lent)
    siblings += more
    // It was there, and had gone on when its namespace was asked about it.
    evades ||= isThere && !link
    return link && { namespace, link }
  }
  for (const namespace of namespaces) {
    const device = look(namespace)
    if (device) return { result: found(device) }
  }
  const onObstacle = (reason: string) => {
    obstacle ??= reason
  }
  for (const namespace of everyNamespace(host, inodes, onObstacle, sandbox)) {
    const device = look(namespace)
    if (device) return { result: found(device) }
  }
  return {
    siblings,
    evades,
    obstacle: obstacle && notEverywhere(obstacle),
  }
}

/** The device, and how many other devices of this namespace hang on the same hardware. */
function lookIn(namespace: NetworkNamespace, lent: LentDevice) {
  const { identity } = lent
  if (!identity) return { isThere: false, link: findLentDevice(namespace, lent), siblings: 0 }
  const { index, count } = sysfsOf(namespace, lent).find(identity)
  const isThere = index !== 0
  return {
    isThere,
    link: isThere ? findLinkAt(namespace.socket, index) : undefined,
    siblings: isThere ? count - 1 : count,
  }
}

/** The number of devices in all namespaces that hang on the same hardware. */
function countEverywhere(host: NetworkNamespace, lent: LentDevice): number {
  const { identity, sysfsPath } = lent
  if (identity) return sysfsOf(host, lent).directoryOf(identity).count
  return sysfsPath !== undefined && !existsSync(`${sysfsPath}/net`) ? 0 : Number.POSITIVE_INFINITY
}

/** A device of that index in the sandbox may be the lent one, with another MAC and alias. */
function requireNoStranger(namespaces: NetworkNamespace[], lent: LentDevice): undefined {
  const [, sandbox] = namespaces
  const stranger = sandbox && findLinkAt(sandbox.socket, lent.onHost.index)
  if (stranger)
    throw mayStillExist(lent, `a device of that index is in ${sandbox.name}, with another MAC`)
}

function mayStillExist({ onHost }: LentDevice, reason: string): Failure {
  return new Failure(
    'return-failed',
    `cannot return ${onHost.name} to the host: it was not found; ${reason}`,
    'the record is kept, and a later DEL tries again; once the device is on the host, under any name, DEL renames it',
  )
}
