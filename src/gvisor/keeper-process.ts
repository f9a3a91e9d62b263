import { constants, openSync, readFileSync } from 'node:fs'
import keeperBytes from '../../build/keeper.bin'
import { inAnonymousFile } from '../kernel/anonymous-file.js'
import { closeDescriptor } from '../kernel/descriptor.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { nativeAddon } from '../kernel/native-addon.js'
import { PROTOCOL } from '../kernel/netlink/constants.js'
import { encodeJob, OUTCOMES } from './keeper-job.js'
import type { GvisorRecord, KeeperProcess } from './record-schema.js'

/** How long the keeper waits for an answer of the kernel. */
const ANSWER_MILLISECONDS = 10_000

/**
 * Starts an address keeper (`gvisor/keeper/`) as a background process.
 * @returns its process id
 */
export function startKeeper(
  sandbox: NetworkNamespace,
  record: GvisorRecord,
  timeoutSeconds: number,
): number {
  const { nameInSandbox, containerId } = record
  const title = `host-device-l3: keeps addresses of ${nameInSandbox} of container ${containerId}`
  const job = encodeJob(record, sandbox, timeoutSeconds)
  const files = sandbox.run(() => openInSandbox(nameInSandbox))
  const { events, requests, acceptRa } = files
  try {
    return inAnonymousFile('hand the address keeper its job', job, (jobFile) =>
      inAnonymousFile('start the address keeper', keeperBytes, (program) =>
        nativeAddon().startProgram(program, title, [events, requests, jobFile, acceptRa]),
      ),
    )
  } finally {
    for (const fd of Object.values(files)) closeDescriptor(fd)
  }
}

/**
 * Runs the address keeper with timeout 0: it acts at once and ends.
 * @returns its outcome; undefined if it was killed
 */
export function putBackOnce(
  sandbox: NetworkNamespace,
  record: GvisorRecord,
): (typeof OUTCOMES)[number] | undefined {
  const pid = startKeeper(sandbox, { ...record, sandboxPath: sandbox.path }, 0)
  return OUTCOMES[nativeAddon().waitForProgram(pid)]
}

/** Descriptors opened inside the sandbox's namespace. */
function openInSandbox(device: string) {
  return {
    events: nativeAddon().openNetlinkSocket(PROTOCOL.route, ANSWER_MILLISECONDS),
    requests: nativeAddon().openNetlinkSocket(PROTOCOL.route, ANSWER_MILLISECONDS),
    acceptRa: openForWriting(`/proc/sys/net/ipv6/conf/${device}/accept_ra`),
  }
}

/** Without IPv6 the file does not exist; /dev/null takes its place. */
function openForWriting(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY)
  } catch {
    return openSync('/dev/null', constants.O_WRONLY)
  }
}

/** The record of a started keeper: pid and start time identify the process. */
export function keeperOf(pid: number, timeoutSeconds: number): KeeperProcess {
  const until = Math.floor(Date.now() / 1000 + timeoutSeconds)
  return { pid, startedAt: processOf(pid)?.startedAt ?? '', until }
}

/** Whether the keeper is still waiting. */
export function isWaiting({ pid, startedAt }: KeeperProcess): boolean {
  const found = processOf(pid)
  return found?.startedAt === startedAt && found.state !== 'Z'
}

/**
 * Kills a keeper if it is still running. It is opened before it is recognised: by then another
 * process cannot be the open one, even if it has got the same id. Before Linux 5.3, which cannot do
 * that, the keeper is left to end by itself.
 */
export function endKeeper(keeper: KeeperProcess): void {
  const fd = nativeAddon().openProcess(keeper.pid)
  if (fd === -1) return
  try {
    if (isWaiting(keeper)) nativeAddon().killProcess(fd)
  } finally {
    closeDescriptor(fd)
  }
}

/**
 * State and start time from /proc/PID/stat. Parsed from the last ')', because comm may contain
 * anything.
 */
function processOf(pid: number): { state: string; startedAt: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startedAt: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
