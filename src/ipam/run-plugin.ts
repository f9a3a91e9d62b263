import { setTimeout } from 'node:timers/promises'
import { CniError, ErrorCode } from '../cni/error.js'
import { parseJson, TOO_DEEP } from '../cni/network.js'
import { Failure } from '../failure.js'
import { runChild } from './child-process.js'

/** ETXTBSY: the plugin is being installed. Retry, as libcni does. */
const BUSY_RETRIES = 5
const BUSY_PAUSE_MILLISECONDS = 1000

/** Maximum size of a plugin's output. */
const MOST_MEBIBYTES = 4

/** What a plugin is given. */
export interface PluginInput {
  /** Its environment: no other variables. */
  variables: NodeJS.ProcessEnv
  /** For its stdin. */
  input: string
  /** Its arguments; default none. */
  words?: string[]
}

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
 * @param deadlineMilliseconds from now on
 */
export async function runPlugin(
  path: string,
  given: PluginInput,
  deadlineMilliseconds: number,
): Promise<PluginOutcome> {
  for (let retries = BUSY_RETRIES; ; retries--) {
    const left = deadlineMilliseconds - (BUSY_RETRIES - retries) * BUSY_PAUSE_MILLISECONDS
    const outcome = await runOnce(path, given, left)
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
  { variables, input, words = [] }: PluginInput,
  deadlineMilliseconds: number,
): Promise<PluginOutcome | 'busy'> {
  const { stdout, exitCode, signal, error, ended } = await runChild(
    path,
    variables,
    input,
    deadlineMilliseconds,
    MOST_MEBIBYTES << 20,
    words,
  )
  if (error === 'ETXTBSY') return 'busy'
  if (ended) {
    const reason = {
      late: `it had not answered after ${Math.round(deadlineMilliseconds / 100) / 10} s`,
      verbose: `it printed more than ${MOST_MEBIBYTES} MiB`,
    }[ended]
    return { stdout, exitCode: undefined, trouble: `${reason} and was ended` }
  }
  const trouble =
    exitCode === undefined ? (signal ?? (await notStarted(path, error)) ?? 'unknown') : undefined
  return { stdout, exitCode, trouble }
}

async function notStarted(path: string, error: string | undefined): Promise<string | undefined> {
  if (!error) return undefined
  const { moreAbout } = await import('./not-started.js')
  return `spawn ${path} ${error}${moreAbout(error, path)}`
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
export async function readAnswer(
  what: string,
  outcome: PluginOutcome,
): Promise<object | undefined> {
  const { stdout, exitCode, trouble } = outcome
  if (trouble !== undefined) throw new Failure('delegate-failed', `${what} failed: ${trouble}`)
  const text = stdout.trim()
  const answer = text === '' ? undefined : await decodeObject(text)
  if (exitCode !== 0) {
    const printed = typeof answer === 'object' ? quote(text) : answer
    throw ownError(what, answer) ?? unexplained(what, printed, exitCode)
  }
  if (typeof answer !== 'string') return answer
  throw new Failure('delegate-failed', `${what} printed what is no result: ${answer}`)
}

/** The error that the plugin reported; undefined if its output is no error document. */
function ownError(what: string, answer: object | string | undefined): CniError | undefined {
  const document = typeof answer === 'object' ? answer : {}
  const { code, msg, details } = document as Record<string, unknown>
  if (!Number.isInteger(code) || Number(code) < 1) return undefined
  const message = typeof msg === 'string' && msg !== '' ? msg : `${what} failed and gave no reason`
  const whose = `${what} reported this`
  const more = typeof details === 'string' && details !== '' ? `${details}; ${whose}` : whose
  // Ours of this code would be a defect of this plugin.
  const own = code === ErrorCode.internal ? ErrorCode.delegateFailed : Number(code)
  return new CniError(own, message, more)
}

function unexplained(
  what: string,
  printed: string | undefined,
  exitCode: number | undefined,
): Failure {
  const reason =
    printed === undefined
      ? 'netplugin failed with no error message'
      : `netplugin failed but error parsing its diagnostic message ${printed}`
  return new Failure('delegate-failed', `${what} failed: ${reason}: exit status ${exitCode}`)
}

/** A JSON object; `null` counts as an empty one. For what is none, a quotation or what is wrong. */
async function decodeObject(text: string): Promise<object | string> {
  try {
    const value = await parseJson(text)
    return typeof value === 'object' && !Array.isArray(value) ? (value ?? {}) : quote(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return error.message === TOO_DEEP ? TOO_DEEP : quote(text)
  }
}

/** Quotes a text for an error message, cut to QUOTED_CHARACTERS. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_CHARACTERS))
}
