import { Failure } from './failure.js'

/**
 * When the call has to be over, in seconds since the process started: a clock that nobody
 * sets. Until `startCall` there is no such time.
 */
let end = Number.POSITIVE_INFINITY

/** How long an IPAM plugin may take to release what it assigned, however late it is. */
export const RELEASE_SECONDS = 10

/** How long the return of a device may take, however late it is. */
export const RETURN_SECONDS = 30

/** Sets the deadline of this call: no wait goes on longer than it. */
export function startCall(timeoutSeconds: number): void {
  end = process.uptime() + timeoutSeconds
}

/**
 * Gives the call at least so many seconds from now, to undo what it did: a device must not be
 * left half-way.
 */
export function extendDeadline(seconds: number): void {
  end = Math.max(end, process.uptime() + seconds)
}

/** How long to wait for something, in milliseconds: the usual time, or what is left of the call. */
export function timeLeft(usualMilliseconds: number): number {
  return Math.min(usualMilliseconds, Math.max(0, (end - process.uptime()) * 1000))
}

/** @throws Failure `busy` where the call has taken longer than it may */
export function requireTime(): void {
  if (process.uptime() <= end) return
  throw new Failure('busy', 'the time that the call may take (timeoutSeconds) is over')
}

/** Blocks this thread: the process has nothing else to do meanwhile. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
