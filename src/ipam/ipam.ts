import type { Result } from '../cni/result/schema.js'
import type { CniVersion } from '../cni/version.js'
import { timeLeft } from '../deadline.js'
import { findPlugin } from './find-plugin.js'

/** What a call hands on to the IPAM plugin as it got it. */
export interface Delegation {
  type: string
  /** Where plugins are: directories, separated by colons. */
  searchPath: string
  /** The environment, of which only the command is replaced. */
  variables: NodeJS.ProcessEnv
  /** The configuration, unchanged. */
  input: string
  cniVersion: CniVersion
}

/** The plugin that a network has its addresses from. */
export class Ipam {
  readonly #path: string
  readonly #delegation: Delegation
  #mayHaveAssigned = false

  /** @throws Failure `delegate-failed` where there is no such plugin */
  constructor(delegation: Delegation) {
    this.#delegation = delegation
    this.#path = findPlugin(delegation.type, delegation.searchPath)
  }

  /**
   * Has addresses assigned.
   * @throws CniError the plugin's own; Failure `delegate-failed`
   */
  async add(): Promise<Result> {
    this.#mayHaveAssigned = true
    const answer = await this.#ask('ADD')
    const { understandAssignment } = await import('./assignment.js')
    return understandAssignment(answer, this.#described('ADD'), this.#delegation.cniVersion)
  }

  /** Has what `add` assigned released; where it was not called there is nothing to do. */
  async undoAdd(): Promise<void> {
    if (this.#mayHaveAssigned) await this.request('DEL')
  }

  /**
   * Passes on a command that has no result.
   * @throws CniError the plugin's own; Failure `delegate-failed`
   */
  async request(command: 'CHECK' | 'DEL' | 'GC' | 'STATUS'): Promise<void> {
    await this.#ask(command)
  }

  /** The plugin's answer: an object, or undefined where it printed nothing. */
  async #ask(command: string): Promise<object | undefined> {
    const { variables, input } = this.#delegation
    const { runPlugin } = await import('./run-plugin.js')
    const { readAnswer } = await import('./plugin-answer.js')
    const own = { ...variables, CNI_COMMAND: command }
    const outcome = await runPlugin(
      this.#path,
      own,
      input,
      Math.ceil(timeLeft(Number.POSITIVE_INFINITY)),
    )
    return readAnswer(this.#described(command), outcome)
  }

  /** For messages. */
  #described(command: string): string {
    return `IPAM plugin ${JSON.stringify(this.#delegation.type)} (${command})`
  }
}
