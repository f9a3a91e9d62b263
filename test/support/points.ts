import { expect } from 'vitest'
import type { CallOptions, CallSite } from './plugin.js'
import { traceCalls } from './strace.js'

/**
 * What the kernel can answer to a system call where memory, files or rights are short, or a disk is
 * broken. Not what it says of things that there are not: that would be a lie.
 */
const ERRORS: Record<string, string[]> = {
  ...every(['openat', 'open', 'memfd_create'], ['ENFILE', 'EMFILE', 'EACCES', 'EIO']),
  ...every(['statfs', 'stat', 'lstat', 'newfstatat', 'statx'], ['EACCES', 'EIO', 'ENOMEM']),
  ...every(['access', 'faccessat2', 'readlink', 'readlinkat'], ['EACCES', 'EIO', 'ENOMEM']),
  ...every(['fstat', 'lseek', 'close'], ['EIO']),
  ...every(['read', 'pread64'], ['EIO', 'ENOMEM']),
  ...every(['getdents64'], ['EIO', 'ENOMEM']),
  ...every(['setns'], ['EPERM', 'ENOMEM']),
  ...every(['socket'], ['EMFILE', 'ENFILE', 'ENOBUFS']),
  ...every(['bind', 'connect', 'getsockname', 'setsockopt'], ['ENOMEM', 'EPERM']),
  ...every(['getsockopt'], ['ENOPROTOOPT', 'ENOMEM']),
  ...every(['sendto', 'sendmsg', 'recvmsg', 'recvfrom'], ['ENOBUFS', 'ENOMEM', 'EIO', 'EPERM']),
  ...every(['write', 'writev', 'pwrite64', 'ftruncate'], ['ENOSPC', 'EIO', 'EDQUOT']),
  ...every(['fsync', 'fdatasync'], ['EIO', 'ENOSPC']),
  ...every(['mkdir', 'mkdirat', 'linkat', 'rename', 'renameat'], ['ENOSPC', 'EIO', 'EROFS']),
  ...every(['unlink', 'unlinkat', 'fchmod', 'chmod'], ['EIO', 'EROFS']),
  ...every(['flock'], ['ENOLCK', 'ENOMEM']),
  ...every(['clone', 'clone3'], ['EAGAIN']),
  ...every(['bpf'], ['EPERM', 'ENOMEM']),
  ...every(['fsopen', 'fsconfig', 'fsmount'], ['EPERM', 'ENOMEM', 'EMFILE']),
}

function every(kinds: string[], errors: string[]): Record<string, string[]> {
  return Object.fromEntries(kinds.map((kind) => [kind, errors]))
}

/** What programs do for themselves: memory, threads, signals, time. */
const OWN =
  /^(brk|m(un)?map|mremap|mprotect|madvise|futex|rt_sig\w+|sigaltstack|set_robust_list|rseq|exit(_group)?|p?rlimit64|prlimit64|get\w*[ug]id|getpid|gettid|set_tid_address|arch_prctl|execve|epoll_\w+|p?poll|fcntl|ioctl|getrandom|clock_\w+|nanosleep|sched_\w+|prctl|uname|sysinfo|eventfd2|pipe2|wait4|getcwd|umask|restart_syscall)$/

/** One system call at which a call can be killed, or that can fail. */
export interface Point {
  /** As strace prints it. */
  call: string
  kind: string
  /** Among the calls of that kind in its thread: that is how strace counts. */
  nth: number
  /** The file, if there is one: it is counted among those of this file, for a runtime has its own. */
  path?: string
  /** Whether it may change something, or says what became of a change. */
  changes: boolean
}

/** A file, by path or by descriptor; it is no socket, no namespace, and not one without a name. */
const FILE = /^\((?:AT_FDCWD<[^>]*>, )?(?:"|\d+<)(\/(?![^">]*\/#\d)[^">]*)/

/** What a runtime's threads tell each other by. */
const BETWEEN_THREADS = /^\w+\(\d+<(anon_inode|pipe):/

const CHANGING =
  /^(send\w+|recv\w+|setns|write|fsync|rename|linkat|unlink|flock|mkdir|open.*(O_WRONLY|O_RDWR|O_CREAT))/

/** The errors with which a system call can fail. */
export function errorsOf({ kind }: Point): string[] {
  const errors = ERRORS[kind]
  if (!errors) throw new Error(`test/support/points.ts does not say how ${kind} can fail`)
  return errors
}

/** Options of strace that do something to a call, such as `signal=KILL`. */
export function at(
  { kind, nth, path }: Pick<Point, 'kind' | 'nth' | 'path'>,
  what: string,
): string[] {
  const only = path === undefined ? [] : ['-P', path]
  return [...only, '-e', `trace=${kind}`, '-e', `inject=${kind}:${what}:when=${nth}`]
}

/**
 * The system calls of a call, in order, from the first time that it reads stdin: before, it is the
 * runtime that starts. The move of a device has a thread of its own, in which strace cannot hit a
 * call without hitting the one of that number in the first thread: such a call has tests of its own.
 */
export function pointsOf(
  testbed: CallSite,
  path: string,
  command: string,
  options: CallOptions = {},
): { points: Point[]; summary: string } {
  const outcome = traceCalls(testbed, path, command, 'all', options)
  expect(outcome.exitCode, outcome.stdout).toBe(0)
  const [firstThread] = outcome.calls[0]?.split(' ') ?? []
  const counts = new Map<string, number>()
  const all = outcome.calls.flatMap((line) => {
    const [, thread, kind = '', rest = ''] = /^(\d+) +(\w+)(\(.*)$/.exec(line) ?? []
    if (thread !== firstThread || kind === '') return []
    const [, path] = FILE.exec(rest) ?? []
    const key = `${kind} ${path}`
    const nth = (counts.get(key) ?? 0) + 1
    counts.set(key, nth)
    const changes = CHANGING.test(`${kind}${rest}`)
    return [{ call: `${kind}${rest}`, kind, nth, changes, ...(path === undefined ? {} : { path }) }]
  })
  const start = all.findIndex(({ call }) => /^read.0[<,]/.test(call))
  const points = all
    .slice(start)
    .filter(({ kind, call }) => !OWN.test(kind) && !BETWEEN_THREADS.test(call))
  return { points, summary: summarized(points) }
}

/** How many points there are of each kind, for a person to read. */
function summarized(points: Point[]): string {
  const kinds = [...new Set(points.map(({ kind }) => kind))].toSorted()
  const parts = kinds.map((one) => `${points.filter(({ kind }) => kind === one).length} ${one}`)
  return `${points.length} points (${parts.join(', ')})`
}
