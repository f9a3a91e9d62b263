import { existsSync } from 'node:fs'
import { pause, timeLeft } from '../deadline.js'
import { Failure } from '../failure.js'
import { pathsOfAllNamespaces } from '../kernel/all-namespaces.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { findLentDevice, type LocatedDevice, sysfsOf } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'
import { hasHardware } from './resemblance.js'

/** How long the kernel may take to hand back the device of a sandbox that died. */
const HANDBACK_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 20

/** Where all devices are that hang on no hardware. The kernel destroys them with their namespace. */
const VIRTUAL = 'devices/virtual/net'

/**
 * Searches every network namespace of the node for a lent device that is neither on the host nor in
 * its sandbox. The sandbox's path may be gone while the namespace still exists, or a process in the
 * sandbox may have moved the device on.
 * @param searched the namespaces in which it is not
 * @param found called with the device while its namespace is open
 * @returns the result of `found`; undefined if the device is known to be destroyed
 * @throws Failure `return-failed` if it may still exist
 */
export function searchEverywhere<T>(
  host: NetworkNamespace,
  searched: NetworkNamespace[],
  lent: LentDevice,
  found: (device: LocatedDevice) => T,
): T | undefined {
  const { identity, onHost } = lent
  const isVirtual = identity ? identity.directory === VIRTUAL : !hasHardware(onHost)
  // Whoever may make devices could make one that resembles it.
  if (!identity && isVirtual) return requireNoStranger(searched, lent)
  const seen = new Set(searched.map((namespace) => namespace.identity.inode))
  const obstacles: string[] = []
  let siblings = searched.reduce((sum, namespace) => sum + lookIn(namespace, lent).siblings, 0)
  for (const { path, inode } of pathsOfAllNamespaces()) {
    if (seen.has(inode)) continue
    using namespace = openUnlessGone(host, path, obstacles)
    // Whoever the path belongs to may have made it lead elsewhere meanwhile.
    if (!namespace || seen.has(namespace.identity.inode)) continue
    seen.add(namespace.identity.inode)
    const { link, siblings: more } = lookIn(namespace, lent)
    if (link) return found({ namespace, link })
    siblings += more
  }
  const [obstacle] = obstacles
  if (obstacle) throw mayStillExist(lent, `not every namespace could be searched: ${obstacle}`)
  if (isVirtual || isDestroyed(host, lent, siblings)) return undefined
  const link = awaitHandback(host, lent)
  if (link) return found({ namespace: host, link })
  throw mayStillExist(lent, 'no process, thread, open file or mount leads to its namespace')
}

function openUnlessGone(
  host: NetworkNamespace,
  path: string,
  obstacles: string[],
): NetworkNamespace | undefined {
  try {
    return host.open(path)
  } catch (error) {
    const isGone = error instanceof Failure && error.kind === 'sandbox-gone'
    // Of a process that has just ended, the kernel may say EACCES.
    if (!isGone && existsSync(path)) obstacles.push((error as Error).message)
    return undefined
  }
}

/** The device, and how many devices of this namespace hang on the same hardware. */
function lookIn(namespace: NetworkNamespace, lent: LentDevice) {
  const { identity } = lent
  if (!identity) return { link: findLentDevice(namespace, lent), siblings: 0 }
  const { index, count } = sysfsOf(namespace, lent).find(identity)
  return {
    link: index === 0 ? undefined : findLink(namespace.socket, { index }),
    siblings: count,
  }
}

/** Whether all devices of the hardware, of which the kernel knows the number, have been seen. */
function isDestroyed(host: NetworkNamespace, lent: LentDevice, siblings: number): boolean {
  const { identity, sysfsPath } = lent
  if (!identity) return sysfsPath !== undefined && !existsSync(`${sysfsPath}/net`)
  return sysfsOf(host, lent).countInAllNamespaces(identity) <= siblings
}

/** While the kernel ends a namespace, its devices are nowhere. */
function awaitHandback(host: NetworkNamespace, lent: LentDevice) {
  const end = Date.now() + timeLeft(HANDBACK_MILLISECONDS)
  for (;;) {
    const link = findLentDevice(host, lent)
    if (link || Date.now() > end) return link
    pause(PAUSE_MILLISECONDS)
  }
}

/** A device of that index in the sandbox may be the lent one, with another MAC and alias. */
function requireNoStranger(searched: NetworkNamespace[], lent: LentDevice): undefined {
  const [, sandbox] = searched
  const stranger = sandbox && findLink(sandbox.socket, { index: lent.onHost.index })
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
