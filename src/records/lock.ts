import { constants, fstatSync, lstatSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { pause, timeLeft } from '../deadline.js'
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

/**
 * Locks an attachment until the lock is disposed or the process ends. Lock order: the attachment,
 * then the device, then the routes. DEL must read the attachment's record to learn which device to lock.
 * @throws Failure `busy` if another call holds the lock for too long
 */
export function lockAttachment(stateDirectory: string, key: AttachmentKey): Disposable {
  return acquireLock(stateDirectory, attachmentName(key))
}

/** Locks a device of the host, like `lockAttachment`. */
export function lockDevice(stateDirectory: string, device: Pick<Link, 'index'>): Disposable {
  return acquireLock(stateDirectory, `device-${device.index}`)
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
): Disposable | undefined {
  if (!found || found.index === onHost.index) return undefined
  return lockDevice(stateDirectory, found)
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
 * with a device: who changes such routes does it alone. Other calls do not wait for each other.
 * @throws Failure `busy`
 */
export function lockRoutes(stateDirectory: string, how: keyof typeof LOCK): RoutesLock {
  // The directory itself: no file is to be made and removed by each call.
  const directory = privateDirectory(stateDirectory, 'locks')
  const wait = <T>(take: () => T | undefined) => waitFor(directory, 'the routes of the host', take)
  const { tryLock } = nativeAddon()
  let fd: number | undefined = wait(() => {
    const tried = inDirectory(directory, () => openSync(directory, O_RDONLY | O_DIRECTORY))
    if (tryLock(tried, LOCK[how])) return tried
    closeDescriptor(tried)
    return undefined
  })
  return {
    // The kernel drops a shared lock first: of two calls that both want it alone, none waits for ever.
    alone: () => void wait(() => (fd !== undefined && tryLock(fd, LOCK.alone)) || undefined),
    [Symbol.dispose]: () => {
      if (fd !== undefined) closeDescriptor(fd)
      fd = undefined
    },
  }
}

function acquireLock(stateDirectory: string, name: string): Disposable {
  const directory = privateDirectory(stateDirectory, 'locks')
  const path = `${directory}/${name}`
  const fd = waitFor(path, name, () => inDirectory(directory, () => tryToLock(path)))
  return { [Symbol.dispose]: () => release(path, fd) }
}

/** @param take is asked again and again until it has the lock */
function waitFor<T>(path: string, what: string, take: () => T | undefined): T {
  const deadline = Date.now() + timeLeft(LONGEST_MILLISECONDS)
  try {
    for (;;) {
      const taken = take()
      if (taken !== undefined) return taken
      if (Date.now() > deadline) break
      pause(PAUSE_MILLISECONDS)
    }
  } catch (error) {
    throw new Failure(
      'state-unusable',
      `cannot lock ${path}: ${(error as Error).message}`,
      'nothing was changed: what is lent stays where it is until that file can be written',
    )
  }
  throw new Failure('busy', `${holderOf(path)} has been working on ${what} for too long`)
}

function tryToLock(path: string): number | undefined {
  const fd = openRegular(path, O_WRONLY | O_CREAT, true)
  // The previous holder removes the file on release, possibly between this open and this lock.
  if (nativeAddon().tryLock(fd, LOCK.alone) && isStill(path, fd)) return fd
  closeDescriptor(fd)
  return undefined
}

function isStill(path: string, fd: number): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino
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
