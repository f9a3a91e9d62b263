import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import { CniError } from '../cni/error.js'
import { isShallow } from '../cni/network.js'
import { Failure } from '../failure.js'

/** ETXTBSY: the plugin is being installed. Retry, as libcni does. */
const BUSY_RETRIES = 5
const BUSY_PAUSE_MILLISECONDS = 1000

/** Outcome of running a plugin. */
export interface PluginOutcome {
  stdout: string
  /** Undefined if it was killed or could not be started. */
  exitCode: number | undefined
  /** Why there is no exit code, for an error message. */
  trouble: string | undefined
}

/**
 * Runs a plugin; its stderr is inherited. At the deadline it is killed with all its child
 * processes.
 * @param input its stdin
 */
export async function runPlugin(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
): Promise<PluginOutcome> {
  for (let retries = BUSY_RETRIES; ; retries--) {
    const left = deadlineMilliseconds - (BUSY_RETRIES - retries) * BUSY_PAUSE_MILLISECONDS
    const outcome = await runOnce(path, variables, input, left)
    if (outcome !== 'busy') return outcome
    if (retries === 0 || left <= BUSY_PAUSE_MILLISECONDS)
      return {
        stdout: '',
        exitCode: undefined,
        trouble: 'the file is being written (text file busy)',
      }
    await setTimeout(BUSY_PAUSE_MILLISECONDS)
  }
}

async function runOnce(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
): Promise<PluginOutcome | 'busy'> {
  // In its own process group, so that its children can be killed with it. A surviving child would
  // keep stdout open and block us.
  const child = execa(path, [], {
    ...{ env: variables, extendEnv: false, detached: true, cleanup: false },
    ...{ input, stderr: 'inherit', reject: false, stripFinalNewline: false },
  })
  const late = AbortSignal.timeout(deadlineMilliseconds)
  late.addEventListener('abort', () => child.pid && endGroup(child.pid))
  const { stdout, exitCode, code, signal, originalMessage } = await child
  if (code === 'ETXTBSY') return 'busy'
  if (late.aborted) {
    const trouble = `it had not answered after ${Math.round(deadlineMilliseconds / 100) / 10} s and was ended`
    return { stdout, exitCode: undefined, trouble }
  }
  const trouble = exitCode === undefined ? (signal ?? originalMessage ?? 'unknown') : undefined
  return { stdout, exitCode, trouble }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // The process group has just ended by itself.
  }
}

/** Maximum number of characters of invalid output quoted in an error. */
const QUOTED_CHARACTERS = 200

/**
 * Decodes a plugin's output.
 * @param what the plugin, for messages: `IPAM plugin "static" (ADD)`
 * @returns the JSON object; undefined if it printed nothing
 * @throws CniError with the code and message of the plugin's own error; Failure `delegate-failed`
 *   if it reported none
 */
export function readAnswer(what: string, outcome: PluginOutcome): object | undefined {
  const { stdout, exitCode, trouble } = outcome
  if (trouble !== undefined) throw new Failure('delegate-failed', `${what} failed: ${trouble}`)
  const text = stdout.trim()
  if (exitCode !== 0) throw ownError(what, text) ?? unexplained(what, text, exitCode)
  if (text === '') return undefined
  const answer = decodeObject(text)
  if (answer) return answer
  throw new Failure('delegate-failed', `${what} printed what is no result: ${quote(text)}`)
}

/** The error that the plugin reported; undefined if its output is no error document. */
function ownError(what: string, text: string): CniError | undefined {
  const { code, msg, details } = (decodeObject(text) ?? {}) as Record<string, unknown>
  if (!Number.isInteger(code) || Number(code) < 1) return undefined
  const message = typeof msg === 'string' && msg !== '' ? msg : `${what} failed and gave no reason`
  return new CniError(Number(code), message, typeof details === 'string' ? details : '')
}

function unexplained(what: string, text: string, exitCode: number | undefined): Failure {
  const reason =
    text === ''
      ? 'netplugin failed with no error message'
      : `netplugin failed but error parsing its diagnostic message ${quote(text)}`
  return new Failure('delegate-failed', `${what} failed: ${reason}: exit status ${exitCode}`)
}

/** `null` counts as an empty object. */
function decodeObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && !Array.isArray(value)
    return isObject && isShallow(value) ? (value ?? {}) : undefined
  } catch {
    return undefined
  }
}

/** Quotes and shortens a text for an error message. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_CHARACTERS))
}
