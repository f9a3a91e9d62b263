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
  /** Of openat(2): it is counted among those of this path, as a runtime opens files of its own. */
  path?: string
}

/** Options of strace that do something to a call, such as `signal=KILL`. */
export function at({ kind, nth, path }: Point, what: string): string[] {
  const only = path === undefined ? [] : ['-P', path]
  return [...only, '-e', `trace=${kind}`, '-e', `inject=${kind}:${what}:when=${nth}`]
}

/**
 * The system calls of a call that matter, in order; of openat(2) those that open for
 * writing. The move of a device has a thread of its own, in which strace cannot hit a call
 * without hitting the one of that number in the first thread: such a call has tests of its own.
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
    const path = kind === 'openat' ? /"([^"]*)"/.exec(call)?.[1] : undefined
    const key = `${thread} ${kind} ${path}`
    const nth = (counts.get(key) ?? 0) + 1
    counts.set(key, nth)
    const matters = kind !== '' && (kind !== 'openat' || OPENS_FOR_WRITING.test(call))
    return matters ? [{ kind, nth, ...(path === undefined ? {} : { path }) }] : []
  })
  const points = all.filter(
    (point, position) => all.findIndex((one) => isSame(one, point)) === position,
  )
  return { points, summary: summarized(points, all.length - points.length) }
}

function isSame(one: Point, other: Point): boolean {
  return one.kind === other.kind && one.nth === other.nth && one.path === other.path
}

/** How many points there are of each kind, for a person to read. */
function summarized(points: Point[], apart: number): string {
  const parts = KINDS.map((kind) => {
    const count = points.filter((point) => point.kind === kind).length
    return count === 0 ? `no ${kind}` : `${count} ${kind}`
  })
  const others = apart === 0 ? '' : `; ${apart} in the thread of the move have tests of their own`
  return `${points.length} points (${parts.join(', ')}${others})`
}
