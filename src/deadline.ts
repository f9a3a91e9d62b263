import { Failure } from './failure.js'

/**
 * The deadline of the call, in seconds of process uptime, which no change of the clock moves. There
 * is none until `startCall` sets it.
 */
let end = Number.POSITIVE_INFINITY

/**
 * Seconds that an IPAM plugin gets to release its addresses, even if the call has no time left; less
 * only where less is configured.
 */
export const RELEASE_SECONDS = 10

/** Seconds that the return of a device may take, even if the call has no time left. */
export const RETURN_SECONDS = 30

/** What the host of the executable has beside Node's own: before the program it may wait for a turn. */
type Host = NodeJS.Process & { secondsWaited?: number }

/**
 * Sets the deadline of this call, whose time began when it was started. Every later wait ends at this
 * deadline at the latest.
 */
export function startCall(timeoutSeconds: number): void {
  const { secondsWaited = 0 }: Host = process
  end = process.uptime() + timeoutSeconds - secondsWaited
}

/**
 * Moves the deadline so that at least this many seconds are left. Undoing needs this: the call must
 * not leave a device half-way because its time is up.
 */
export function extendDeadline(seconds: number): void {
  end = Math.max(end, process.uptime() + seconds)
}

/**
 * Gives what must not stop half-way at least this many seconds. Once that is over, the call has no more
 * time left than it would have had.
 * @throws Failure `busy` if the deadline has passed: then it is not to begin
 */
export function timeToFinish(seconds: number): Disposable {
  requireTime()
  const before = end
  extendDeadline(seconds)
  return {
    [Symbol.dispose]: () => {
      end = before
    },
  }
}

/** The given wait in milliseconds, shortened to the time the call has left. */
export function timeLeft(usualMilliseconds: number): number {
  return Math.min(usualMilliseconds, Math.max(0, (end - process.uptime()) * 1000))
}

/** @throws Failure `busy` if the deadline has passed */
export function requireTime(): void {
  if (process.uptime() <= end) return
  throw new Failure('busy', 'the time that the call may take (timeoutSeconds) is over')
}

/**
 * Attempts something until it succeeds or the wait is over, which takes no longer than the call has left.
 * Whoever sets the clock changes nothing of it. The first attempt is made at once, and the last one when
 * the wait is over.
 * @param attempt returns undefined if it is to be made again
 * @returns undefined if no attempt succeeded: the caller knows best what it waited for
 */
export function waitUntil<T>(
  longestMilliseconds: number,
  pauseMilliseconds: number,
  attempt: () => T | undefined,
): T | undefined {
  let over: number | undefined
  for (;;) {
    const result = attempt()
    if (result !== undefined) return result
    const time = process.uptime() * 1000
    over ??= time + timeLeft(longestMilliseconds)
    if (time >= over) return undefined
    pause(Math.min(pauseMilliseconds, over - time))
  }
}

/** Blocks the thread. The process has nothing else to do meanwhile. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
