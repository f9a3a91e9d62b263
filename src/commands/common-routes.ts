import type { Link } from '../kernel/netlink/link-schema.js'
import { lockDevice, lockRoutes, type RoutesLock } from '../records/lock.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { hasCommonRoutes } from '../state/routes-away.js'
import type { PackedState } from '../state/schema.js'

/**
 * Locks the routes of the host while a device returns and gets its own back: alone if other devices have
 * some of them in common.
 * @throws Failure `busy`
 */
export function lockRoutesOf(
  stateDir: string,
  { device, state }: Pick<AttachmentRecord, 'device' | 'state'>,
): RoutesLock {
  return lockRoutes(stateDir, hasCommonRoutes(state, device.onHost) ? 'alone' : 'shared')
}

/**
 * Looks at a device that stays on the host, while no other call changes its state.
 * @param device undefined if there is none to be looked at
 * @throws Failure `busy`; and what `look` throws
 */
export function lookAtRest<T>(stateDir: string, device: Link | undefined, look: () => T): T {
  using _device = device && lockDevice(stateDir, device)
  using _routes = lockRoutes(stateDir, 'shared')
  return look()
}

/** What was seen of a device, with all routes that others have in common with it. */
interface Seen {
  onHost: Link
  whole: PackedState
}

/**
 * Looks at a device with the routes of the host locked. That it has some in common with others shows
 * only then: it is looked at again once nobody else changes them.
 * @throws Failure `busy`; and what `look` throws
 */
export function lookLocked<T extends Seen>(stateDir: string, look: () => T): Locked<T> {
  const shared = lookOnce(stateDir, 'shared', look)
  const { whole, onHost } = shared.seen
  if (!hasCommonRoutes(whole, onHost)) return shared
  shared.routesLock[Symbol.dispose]()
  return lookOnce(stateDir, 'alone', look)
}

/** What was seen under a lock on the routes of the host, and that lock. */
interface Locked<T> {
  seen: T
  routesLock: Disposable
}

function lookOnce<T>(stateDir: string, how: 'shared' | 'alone', look: () => T): Locked<T> {
  const routesLock = lockRoutes(stateDir, how)
  try {
    return { seen: look(), routesLock }
  } catch (error) {
    routesLock[Symbol.dispose]()
    throw error
  }
}
