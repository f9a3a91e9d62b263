import { CniError } from '../cni/error.js'
import { isShallow } from '../cni/is-shallow.js'
import { Failure } from '../failure.js'
import type { PluginOutcome } from './run-plugin.js'

/** As much of an answer that cannot be understood as an error repeats. */
const QUOTED_CHARACTERS = 200

/**
 * What a plugin printed.
 * @param what for messages: `IPAM plugin "static" (ADD)`
 * @returns the JSON object; undefined where it printed nothing
 * @throws CniError its own error, with its code; Failure `delegate-failed` where it
 *   did not get as far as that
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

/** The error the plugin reported, passed on as it is. */
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

/** Null, too, is an empty answer. */
function decodeObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && !Array.isArray(value)
    return isObject && isShallow(value) ? (value ?? {}) : undefined
  } catch {
    return undefined
  }
}

/** A text for a message, in quotes and no longer than one wants to read. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_CHARACTERS))
}
