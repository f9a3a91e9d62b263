import { statSync } from 'node:fs'
import { KEYS } from '../../build/configuration-keys.js'
import { CniError } from '../cni/error.js'
import { canonicalKeys, RESULT_KEYS } from '../cni/network.js'
import { decodeResult } from '../cni/result.js'
import type { Result } from '../cni/result-schema.js'
import type { CniVersion } from '../cni/version.js'
import { requireTime, timeLeft } from '../deadline.js'
import { Failure } from '../failure.js'
import { quote } from './run-plugin.js'

/** The input of the IPAM plugin, passed on from the call. */
export interface Delegation {
  type: string
  /** CNI_PATH: directories of plugins, separated by colons. */
  searchPath: string
  /** The environment; CNI_COMMAND is replaced. */
  variables: NodeJS.ProcessEnv
  /** The configuration, unchanged. */
  input: string
  cniVersion: CniVersion
}

/** The network's IPAM plugin. */
export class Ipam {
  readonly #path: string
  readonly #delegation: Delegation
  #mayHaveAssigned = false

  /** @throws Failure `delegate-failed` if the plugin is not in CNI_PATH */
  constructor(delegation: Delegation) {
    this.#delegation = delegation
    this.#path = findPlugin(delegation.type, delegation.searchPath)
  }

  /**
   * Runs the plugin's ADD.
   * @throws CniError with the plugin's code and message; Failure `delegate-failed`
   */
  async add(): Promise<Result> {
    const answer = await this.#ask('ADD')
    return understandAssignment(answer, this.#described('ADD'), this.#delegation.cniVersion)
  }

  /** Releases what `add` assigned, by the plugin's DEL. Does nothing if `add` was not called. */
  async undoAdd(): Promise<void> {
    if (this.#mayHaveAssigned) await this.request('DEL')
  }

  /**
   * Runs a command without a result.
   * @throws CniError with the plugin's code and message; Failure `delegate-failed`
   */
  async request(command: 'CHECK' | 'DEL' | 'GC' | 'STATUS'): Promise<void> {
    await this.#ask(command)
  }

  /**
   * The plugin's output: an object, or undefined if it printed nothing.
   * @throws Failure `busy` if there is no time left: it would be killed in the middle of its files
   */
  async #ask(command: string): Promise<object | undefined> {
    requireTime()
    if (command === 'ADD') this.#mayHaveAssigned = true
    const { variables, input } = this.#delegation
    const { runPlugin, readAnswer } = await import('./run-plugin.js')
    const given = { variables: { ...variables, CNI_COMMAND: command }, input }
    const left = Math.ceil(timeLeft(Number.POSITIVE_INFINITY))
    const outcome = await runPlugin(this.#path, given, left)
    return readAnswer(this.#described(command), outcome)
  }

  /** The plugin and the command, for error messages. */
  #described(command: string): string {
    return `IPAM plugin ${JSON.stringify(this.#delegation.type)} (${command})`
  }
}

/**
 * Finds a plugin's executable in CNI_PATH.
 * @param searchPath directories, separated by colons
 * @throws Failure `delegate-failed` if it is not there, `configuration-invalid` for an invalid name
 */
export function findPlugin(type: string, searchPath: string): string {
  requirePluginName(type)
  const directories = searchPath.split(':').filter((directory) => directory !== '')
  const found = directories.map((directory) => `${directory}/${type}`).find(isExecutable)
  if (found !== undefined) return found
  throw new Failure(
    'delegate-failed',
    `failed to find plugin ${JSON.stringify(type)} in path [${directories.join(' ')}]`,
    'install it there',
  )
}

/** @throws Failure `configuration-invalid` for a name that would lead out of the directories */
export function requirePluginName(type: string): void {
  if (type.includes('/')) throw new Failure('configuration-invalid', `invalid plugin name: ${type}`)
}

/** False for a path that is too long, too: the plugin may be in another directory. */
function isExecutable(path: string): boolean {
  try {
    const status = statSync(path, { throwIfNoEntry: false })
    return status?.isFile() === true && (status.mode & 0o111) !== 0
  } catch {
    return false
  }
}

/**
 * Decodes an IPAM plugin's result.
 * @param answer its JSON output; undefined if it printed nothing
 * @param what the plugin, for messages: `IPAM plugin "static" (ADD)`
 * @throws Failure `delegate-failed` if it is not a valid result
 */
function understandAssignment(
  answer: object | undefined,
  what: string,
  cniVersion: CniVersion,
): Result {
  if (answer === undefined) throw failed(`${what} succeeded, but printed no result`)
  const result = canonicalKeys(answer as Record<string, unknown>, RESULT_KEYS)
  // prevResult has the same schema.
  const isResult = KEYS.find(({ name }) => name === 'prevResult')?.check
  if (!isResult?.(result))
    throw failed(`${what} printed what is no result: ${quote(JSON.stringify(answer))}`)
  try {
    return decodeResult(result, cniVersion)
  } catch (error) {
    if (!(error instanceof CniError)) throw error
    throw failed(`${what} printed what is no result: ${error.message}`)
  }
}

function failed(message: string): Failure {
  return new Failure('delegate-failed', message)
}
