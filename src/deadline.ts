import { Failure } from './failure.js'

/**
 * When the call has to be over, in seconds since the process started: a clock that nobody
 * sets. Until a call says otherwise there is no such time.
 */
let end = Number.POSITIVE_INFINITY

/** How long an IPAM plugin has to take back what it assigned: one that hung before may hang again. */
export const RELEASE_SECONDS = 10

/** What the way home of a device may take, whatever went before. */
export const RETURN_SECONDS = 30

/** From now on, whatever waits for anything waits no longer than this call may take. */
export function startCall(timeoutSeconds: number): void {
  end = process.uptime() + timeoutSeconds
}

/**
 * Lets the call go on for at least so long, to undo what it did: nothing is gained by a
 * device that is left half-way.
 */
export function extendDeadline(seconds: number): void {
  end = Math.max(end, process.uptime() + seconds)
}

/** How long to wait for something: as long as is usual, unless the call is over before. */
export function timeLeft(usualMilliseconds: number): number {
  return Math.min(usualMilliseconds, Math.max(0, (end - process.uptime()) * 1000))
}

/** @throws Failure `busy` where the call has been going on for too long */
export function requireTime(): void {
  if (process.uptime() <= end) return
  throw new Failure('busy', 'the time that the call may take (timeoutSeconds) is over')
}

/** Blocks this thread: there is nothing else for it to do. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
