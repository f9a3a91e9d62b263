import { KEYS } from '../../build/configuration-keys.js'
import { canonicalKeys } from '../cni/canonical-keys.js'
import { RESULT_KEYS } from '../cni/result/keys.js'
import type { Result } from '../cni/result/schema.js'
import { understandResult } from '../cni/result/understand.js'
import type { CniVersion } from '../cni/version.js'
import { Failure } from '../failure.js'
import { quote } from './plugin-answer.js'

/**
 * Understands what an IPAM plugin assigned.
 * @param answer what it printed; undefined for nothing
 * @param what for messages: `IPAM plugin "static" (ADD)`
 * @throws Failure `delegate-failed` for what is no result
 */
export function understandAssignment(
  answer: object | undefined,
  what: string,
  cniVersion: CniVersion,
): Result {
  if (answer === undefined) throw failed(`${what} succeeded, but printed no result`)
  const result = canonicalKeys(answer as Record<string, unknown>, RESULT_KEYS)
  // A result is a result, wherever it comes from.
  const isResult = KEYS.find(({ name }) => name === 'prevResult')?.check
  if (!isResult?.(result))
    throw failed(`${what} printed what is no result: ${quote(JSON.stringify(answer))}`)
  try {
    return understandResult(result, cniVersion)
  } catch (error) {
    throw failed(`${what} printed what is no result: ${(error as Error).message}`)
  }
}

function failed(message: string): Failure {
  return new Failure('delegate-failed', message)
}
