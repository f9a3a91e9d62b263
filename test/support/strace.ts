import { readFileSync } from 'node:fs'
import { type CallOptions, type CallSite, callPlugin, type Outcome } from './plugin.js'

/**
 * Calls an artefact and notes the system calls of the given kinds, one line each, in order, with the
 * paths of file descriptors. A call that the kernel starts again by itself is noted once, and none of what
 * the wrapper does.
 */
export function traceCalls(
  testbed: CallSite,
  artefactPath: string,
  command: string,
  kinds: string,
  options: CallOptions = {},
): Outcome & { calls: string[] } {
  const file = `${testbed.stateDirectory}/trace`
  const strace = ['strace', '-f', '-qq', '-y', '-s', '4096', '-o', file, '-e', `trace=${kinds}`]
  const wrapper = [...(options.wrapper ?? []), ...strace]
  const outcome = callPlugin(testbed, artefactPath, command, { ...options, wrapper })
  // A call that another thread cut in two appears as two lines; its beginning says what it is.
  const calls = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/ resumed>| = \? ERESTART/.test(line))
  return { ...outcome, calls }
}

/** What to put before a command for strace to do something to its system calls, and to say nothing. */
export function tampered(...options: string[]): string[] {
  return ['strace', '-f', '-qq', '-o', '/dev/null', ...options]
}

/** Whether a sendto(2) asks the kernel to move a device to another namespace. */
export function isMove(call: string): boolean {
  return call.includes('RTM_NEWLINK') && call.includes('IFLA_NET_NS_FD')
}

/**
 * Whether a system call of the plugin changes something that lasts: it asks the kernel for a change
 * of the network, sets a sysctl, or replaces a record.
 */
export function isLastingChange(call: string): boolean {
  // Of RTM_NEW…, RTM_DEL…, RTM_GET… and RTM_SET… of a kind, the third asks only. On a socket of another
  // namespace strace knows only their numbers.
  const types = [...call.matchAll(/nlmsg_type=(\w+)/g)].map(([, type = '']) => type)
  const isRequest = /\bsendto\(/.test(call)
  if (isRequest) return types.some((type) => !type.startsWith('RTM_GET') && Number(type) % 4 !== 2)
  return [
    /\bopen\w*\([^"]*"\/proc\/sys\/net[^"]*", O_(WRONLY|RDWR)/,
    /\bopen\w*\([^"]*"[^"]*\/attachments[^"]*", .*O_CREAT/,
    /^(\d+ +)?rename/,
  ].some((one) => one.test(call))
}
