import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs'
import { pause, timeLeft } from '../deadline.js'
import { Failure } from '../failure.js'
import { ignoringErrors } from '../ignoring-errors.js'
import { nativeAddon } from '../kernel/native-addon.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { type AttachmentKey, attachmentName } from './attachment-key.js'
import { inDirectory } from './directory.js'
import { holderOf } from './lock-holder.js'
import { requirePrivate } from './private-directory.js'

const LONGEST_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 5

/**
 * Keeps other calls away from an attachment, until it is disposed or the process ends.
 * Always the attachment first, then the device: DEL learns from the attachment's
 * record which device it must lock.
 * @throws Failure `busy` when somebody else keeps it for too long
 */
export function lockAttachment(stateDirectory: string, key: AttachmentKey): Disposable {
  return acquireLock(stateDirectory, attachmentName(key))
}

/** The same for a device of the host. */
export function lockDevice(stateDirectory: string, device: Pick<Link, 'index'>): Disposable {
  return acquireLock(stateDirectory, `device-${device.index}`)
}

function acquireLock(stateDirectory: string, name: string): Disposable {
  requirePrivate(stateDirectory)
  const directory = `${stateDirectory}/locks`
  const path = `${directory}/${name}`
  const deadline = Date.now() + timeLeft(LONGEST_MILLISECONDS)
  try {
    for (;;) {
      const fd = inDirectory(directory, () => tryOnce(path))
      if (fd !== undefined) return { [Symbol.dispose]: () => release(path, fd) }
      if (Date.now() > deadline) break
      pause(PAUSE_MILLISECONDS)
    }
  } catch (error) {
    throw new Failure('state-unusable', `cannot lock ${path}: ${(error as Error).message}`)
  }
  throw new Failure('busy', `${holderOf(path)} has been working on ${name} for too long`)
}

function tryOnce(path: string): number | undefined {
  const fd = openSync(path, 'a', 0o600)
  // The last owner may have removed the file between the open and the lock.
  if (nativeAddon().tryLock(fd) && isStill(path, fd)) return fd
  closeSync(fd)
  return undefined
}

function isStill(path: string, fd: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino
}

/** Removes the file while it is still locked, so that none is left behind for good. */
function release(path: string, fd: number): void {
  ignoringErrors(() => rmSync(path, { force: true }))
  closeSync(fd)
}
