import { constants, fstatSync, lstatSync, readFileSync, rmSync, statSync } from 'node:fs'
import { pause, timeLeft } from '../deadline.js'
import { Failure } from '../failure.js'
import { closeDescriptor } from '../kernel/descriptor.js'
import { nativeAddon } from '../kernel/native-addon.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { openRegular } from '../kernel/trusted-path.js'
import { inDirectory, privateDirectory } from './durable-file.js'
import { type AttachmentKey, attachmentName } from './record.js'

const { O_CREAT, O_WRONLY } = constants

const LONGEST_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 5

/**
 * Locks an attachment until the lock is disposed or the process ends. Lock order: the attachment,
 * then the device. DEL must read the attachment's record to learn which device to lock.
 * @throws Failure `busy` if another call holds the lock for too long
 */
export function lockAttachment(stateDirectory: string, key: AttachmentKey): Disposable {
  return acquireLock(stateDirectory, attachmentName(key))
}

/** Locks a device of the host, like `lockAttachment`. */
export function lockDevice(stateDirectory: string, device: Pick<Link, 'index'>): Disposable {
  return acquireLock(stateDirectory, `device-${device.index}`)
}

function acquireLock(stateDirectory: string, name: string): Disposable {
  const directory = privateDirectory(stateDirectory, 'locks')
  const path = `${directory}/${name}`
  const deadline = Date.now() + timeLeft(LONGEST_MILLISECONDS)
  try {
    for (;;) {
      const fd = inDirectory(directory, () => tryToLock(path))
      if (fd !== undefined) return { [Symbol.dispose]: () => release(path, fd) }
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
  throw new Failure('busy', `${holderOf(path)} has been working on ${name} for too long`)
}

function tryToLock(path: string): number | undefined {
  const fd = openRegular(path, O_WRONLY | O_CREAT, true)
  // The previous holder removes the file on release, possibly between this open and this lock.
  if (nativeAddon().tryLock(fd) && isStill(path, fd)) return fd
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
