import { constants, existsSync, fstatSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { waitUntil } from '../deadline.js'
import { Failure } from '../failure.js'
import { closeDescriptor, LOCK } from '../kernel/descriptor.js'
import { nativeAddon } from '../kernel/native-addon.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { openRegular } from '../kernel/trusted-path.js'
import { inDirectory, privateDirectory } from './durable-file.js'
import { type AttachmentKey, attachmentName } from './record.js'

const { O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY } = constants

const LONGEST_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 5

/** In the directory of the locks: locked by a call that waits until it has the routes alone. */
const QUEUE = 'routes'
/** How long others let it go first. Who has the routes for longer has them whoever waits. */
const COURTESY_SECONDS = 2

/**
 * Locks an attachment until the lock is disposed or the process ends. Lock order: the attachment,
 * then the device, then the routes. DEL must read the attachment's record to learn which device to lock.
 * @throws Failure `busy` if another call holds the lock for too long
 */
export function lockAttachment(stateDirectory: string, key: AttachmentKey): Disposable {
  return acquireLock(stateDirectory, attachmentName(key))
}

/**
 * Locks a device of the host, like `lockAttachment`.
 * @param longest 0 for who can do without: an ADD has its device locked for as long as IPAM takes
 */
export function lockDevice(
  stateDirectory: string,
  device: Pick<Link, 'index'>,
  longest = LONGEST_MILLISECONDS,
): Disposable {
  return acquireLock(stateDirectory, `device-${device.index}`, longest)
}

/**
 * Locks a device that has come home as what it is now, besides what it was: an ADD locks what it finds. If
 * it is found anew after that, no other call has it.
 * @returns undefined if the lock of `onHost`, which the caller has, is the same
 */
export function lockAsFound(
  stateDirectory: string,
  onHost: Pick<Link, 'index'>,
  found: Pick<Link, 'index'> | undefined,
  longest = LONGEST_MILLISECONDS,
): Disposable | undefined {
  if (!found || found.index === onHost.index) return undefined
  return lockDevice(stateDirectory, found, longest)
}

/** Errors of a directory that takes no new file, whoever tries. */
const TAKES_NO_FILE = ['EROFS', 'ENOSPC', 'EDQUOT', 'ENOENT']

/**
 * Whether a lock cannot be had because its file cannot be made: no other call has it, and none can write
 * a record.
 */
export function isUnlockable(error: unknown): error is Failure {
  const { code = '' } = ((error as Failure).cause ?? {}) as NodeJS.ErrnoException
  return error instanceof Failure && error.kind === 'state-unusable' && TAKES_NO_FILE.includes(code)
}

/** A lock on the routes of the host. */
export interface RoutesLock extends Disposable {
  /**
   * Waits until no other call has the lock. Others may have had it meanwhile, so what was seen of the host
   * before may be so no more.
   * @throws Failure `busy`
   */
  alone: () => void
}

/**
 * Locks the routes of the host from a look at them until what was seen has moved, or is restored. The
 * kernel takes nexthops of routes through several devices, and routes by an address of another device,
 * with a device: who changes such routes does it alone. Other calls do not wait for each other, but for a
 * while for one that waits for them: else it would wait for as long as pods come and go.
 * @throws Failure `busy`
 */
export function lockRoutes(stateDirectory: string, how: keyof typeof LOCK): RoutesLock {
  // The directory itself: no file is to be made and removed by each call.
  const directory = privateDirectory(stateDirectory, 'locks')
  const { tryLock } = nativeAddon()
  let fd: number | undefined = takeRoutes(directory, how, () => {
    const tried = inDirectory(directory, () => openSync(directory, O_RDONLY | O_DIRECTORY))
    if (tryLock(tried, LOCK[how])) return tried
    closeDescriptor(tried)
    return undefined
  })
  // The kernel drops a shared lock first: of two calls that both want it alone, none waits for ever.
  const upgrade = () => (fd !== undefined && tryLock(fd, LOCK.alone) ? fd : undefined)
  return {
    alone: () => void takeRoutes(directory, 'alone', upgrade),
    [Symbol.dispose]: () => {
      if (fd !== undefined) closeDescriptor(fd)
      fd = undefined
    },
  }
}

/** Tries to take the lock until it has it: queues to have it alone, and lets go first who has queued. */
function takeRoutes(
  directory: string,
  how: keyof typeof LOCK,
  take: () => number | undefined,
): number {
  const queue = `${directory}/${QUEUE}`
  let place: number | undefined
  let courtesyEnd: number | undefined
  try {
    return acquired(directory, 'the routes of the host', () => {
      if (how === 'shared' && isAwaited(queue)) {
        const now = process.uptime()
        courtesyEnd ??= now + COURTESY_SECONDS
        if (now < courtesyEnd) return undefined
      }
      const taken = take()
      if (taken === undefined && how === 'alone') place ??= tryToLock(queue)
      return taken
    })
  } finally {
    if (place !== undefined) release(queue, place)
  }
}

/** Whether a call waits in a queue. One that was killed has left its file. */
function isAwaited(queue: string): boolean {
  if (!existsSync(queue)) return false
  const fd = tryToLock(queue)
  if (fd !== undefined) release(queue, fd)
  return fd === undefined
}

function acquireLock(
  stateDirectory: string,
  name: string,
  longest = LONGEST_MILLISECONDS,
): Disposable {
  const directory = privateDirectory(stateDirectory, 'locks')
  const path = `${directory}/${name}`
  const fd = acquired(path, name, () => inDirectory(directory, () => tryToLock(path)), longest)
  return { [Symbol.dispose]: () => release(path, fd) }
}

/** @param take is asked again and again until it has the lock */
function acquired(
  path: string,
  what: string,
  take: () => number | undefined,
  longest = LONGEST_MILLISECONDS,
): number {
  let taken: number | undefined
  try {
    taken = waitUntil(longest, PAUSE_MILLISECONDS, take)
  } catch (error) {
    throw new Failure(
      'state-unusable',
      `cannot lock ${path}: ${(error as Error).message}`,
      'nothing was changed: what is lent stays where it is until that file can be written',
      { cause: error },
    )
  }
  if (taken !== undefined) return taken
  throw new Failure('busy', `${holderOf(path)} has been working on ${what} for too long`)
}

function tryToLock(path: string): number | undefined {
  const fd = openRegular(path, O_WRONLY | O_CREAT, true)
  // The previous holder removes the file on release, possibly between this open and this lock.
  if (nativeAddon().tryLock(fd, LOCK.alone) && fstatSync(fd).nlink > 0) return fd
  closeDescriptor(fd)
  return undefined
}

/** Removes the file while the lock is held, so that lock files do not pile up. */
function release(path: string, fd: number): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // A lock file that stays does no harm: the next call locks it again.
  }
  closeDescriptor(fd)
}

/**
 * Describes the call that holds the lock on a file, from /proc/locks, for an error message: "the
 * DEL of container x (process 123)".
 */
function holderOf(path: string): string {
  try {
    const { ino } = statSync(path)
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((candidate) => candidate.includes(' FLOCK ') && candidate.includes(`:${ino} `))
    const process = line?.trim().split(/\s+/)[4]
    return process === undefined ? 'another call' : describeCall(process)
  } catch {
    return 'another call'
  }
}

function describeCall(process: string): string {
  const variables = new Map(
    readFileSync(`/proc/${process}/environ`, 'utf8')
      .split('\0')
      .map((pair) => pair.split('=', 2) as [string, string]),
  )
  const command = variables.get('CNI_COMMAND') ?? 'a call'
  const container = variables.get('CNI_CONTAINERID')
  const whose = container ? ` of container ${container}` : ''
  return `the ${command}${whose} (process ${process})`
}
