import { expect } from 'vitest'
import type { CallOptions } from './plugin.js'
import { traceCalls } from './strace.js'
import type { Testbed } from './testbed.js'

/** The system calls with which a call changes anything, or hears of what it changed. */
const KINDS = [
  ...['sendto', 'sendmsg', 'recvmsg', 'setns', 'openat', 'write', 'fsync', 'rename', 'linkat'],
  ...['unlink', 'flock', 'mkdir'],
]

const OPENS_FOR_WRITING = /O_WRONLY|O_RDWR|O_CREAT/

/** One system call at which a call can be killed, or that can fail. */
export interface Point {
  kind: string
  /** Among the calls of that kind in its thread: that is how strace counts. */
  nth: number
  /** As strace shows its beginning. */
  call: string
}

/**
 * The system calls of a call that matter, in order; of openat(2) those that open for
 * writing. The move of a device has a thread of its own, in which strace cannot hit a call
 * without hitting the one of that number in the first thread: such a call is left out.
 */
export function pointsOf(
  testbed: Testbed,
  path: string,
  command: string,
  options: CallOptions = {},
): { points: Point[]; summary: string } {
  const outcome = traceCalls(testbed, path, command, KINDS.join(','), options)
  expect(outcome.exitCode, outcome.stdout).toBe(0)
  const counts = new Map<string, number>()
  const all = outcome.calls.flatMap((line) => {
    const [, thread, kind = '', call = ''] = /^(\d+) +(\w+)(\(.*)$/.exec(line) ?? []
    const nth = (counts.get(`${thread} ${kind}`) ?? 0) + 1
    counts.set(`${thread} ${kind}`, nth)
    const matters = kind !== '' && (kind !== 'openat' || OPENS_FOR_WRITING.test(call))
    return matters ? [{ kind, nth, call: call.slice(0, 100) }] : []
  })
  const points = all.filter(
    ({ kind, nth }, at) => all.findIndex((one) => one.kind === kind && one.nth === nth) === at,
  )
  return { points, summary: summarized(points, all.length - points.length) }
}

/** How many points there are of each kind, for a person to read. */
function summarized(points: Point[], leftOut: number): string {
  const parts = KINDS.map((kind) => {
    const count = points.filter((point) => point.kind === kind).length
    return count === 0 ? `no ${kind}` : `${count} ${kind}`
  })
  const others = leftOut === 0 ? '' : `; ${leftOut} in a thread of the move's own left out`
  return `${points.length} points (${parts.join(', ')}${others})`
}
