import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { pluginDirectory, STOCK_DIRECTORY } from './other-plugins.js'
import { type CallOptions, callPlugin, type Outcome } from './plugin.js'
import type { Testbed } from './testbed.js'

type Json = Record<string, unknown>

/** A plugin of a chain, as it is in a configuration list. */
export interface ChainedPlugin extends Json {
  type: string
  capabilities?: Record<string, boolean>
}

/** A network configuration list. */
export interface ConfigurationList {
  cniVersion: string
  /** Of these, a library of CNI 1.1.0 takes the highest that it knows. Others take `cniVersion`. */
  cniVersions?: string[]
  name: string
  plugins: ChainedPlugin[]
  disableCheck?: boolean
  disableGC?: boolean
}

/** What a plugin answered where the chain ended because of it. */
export class ChainError extends Error {
  constructor(
    type: string,
    command: string,
    readonly document: { code: number; msg: string; details?: string },
  ) {
    super(`plugin type="${type}" failed (${command.toLowerCase()}): ${document.msg}`)
    this.name = 'ChainError'
  }
}

/** Since when DEL gets the result of ADD. */
const DEL_GETS_RESULT = ['0.4.0', '1.0.0', '1.1.0']
const HAS_GC = ['1.1.0']

/** Calls the plugins of a list as libcni does, for one attachment, and keeps its result. */
export class Chain {
  /** The result of the last plugin, from an ADD that succeeded until the DEL. */
  cachedResult: Json | undefined

  /**
   * @param searchPath directories of plugins, separated by colons
   * @param capabilityArguments what the runtime has to give, by capability
   */
  constructor(
    private readonly testbed: Testbed,
    private readonly list: ConfigurationList,
    private readonly searchPath: string,
    private readonly capabilityArguments: Json = {},
    private readonly options: Pick<CallOptions, 'wrapper'> = {},
  ) {}

  /** ADD, each with the result of the one before; the last result is kept. */
  add(): Json {
    let prevResult: Json | undefined
    for (const plugin of this.list.plugins)
      prevResult = this.#call(plugin, 'ADD', prevResult ? { prevResult } : {}).document
    this.cachedResult = prevResult
    return prevResult ?? {}
  }

  /** CHECK, as ADD ordered them; none at all where the list disables it. */
  check(): void {
    if (this.list.disableCheck) return
    for (const plugin of this.list.plugins) this.#call(plugin, 'CHECK', this.#cached())
  }

  /** DEL, the last plugin first; before 0.4.0 without the result. */
  delete(): void {
    const keys = DEL_GETS_RESULT.includes(this.list.cniVersion) ? this.#cached() : {}
    for (const plugin of this.list.plugins.toReversed()) this.#call(plugin, 'DEL', keys)
    this.cachedResult = undefined
  }

  /** STATUS, up to the first plugin that is not ready. */
  status(): void {
    for (const plugin of this.list.plugins) this.#call(plugin, 'STATUS', {})
  }

  /** DEL for what is cached and no longer valid, then GC, of which every plugin gets its turn. */
  collectGarbage(valid: { containerID: string; ifname: string }[]): void {
    if (this.list.disableGC) return
    const isValid = valid.some(({ ifname }) => ifname === 'eth0')
    if (this.cachedResult && !isValid) this.delete()
    if (!HAS_GC.includes(this.list.cniVersion)) return
    const keys = { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }
    for (const plugin of this.list.plugins) this.#call(plugin, 'GC', keys)
  }

  #cached(): Json {
    return this.cachedResult ? { prevResult: this.cachedResult } : {}
  }

  /** @throws ChainError with the plugin's own words */
  #call(plugin: ChainedPlugin, command: string, keys: Json): Outcome {
    const { cniVersion, name } = this.list
    const runtimeConfig = this.#runtimeConfig(plugin)
    const path = this.#find(plugin.type)
    const outcome = callPlugin(this.testbed, path, command, {
      ...this.options,
      input: JSON.stringify({ ...plugin, cniVersion, name, ...runtimeConfig, ...keys }),
      variables: { CNI_IFNAME: 'eth0', CNI_PATH: this.searchPath },
    })
    if (outcome.exitCode === 0) return outcome
    throw new ChainError(
      plugin.type,
      command,
      outcome.document ?? { code: 999, msg: outcome.stderr },
    )
  }

  /** Only what the plugin can take and the runtime has. */
  #runtimeConfig({ capabilities = {} }: ChainedPlugin): Json {
    const wanted = Object.entries(this.capabilityArguments).filter(([name]) => capabilities[name])
    return wanted.length === 0 ? {} : { runtimeConfig: Object.fromEntries(wanted) }
  }

  #find(type: string): string {
    const candidates = this.searchPath.split(':').map((directory) => `${directory}/${type}`)
    const path = candidates.find((candidate) => existsSync(candidate))
    if (path === undefined) throw new Error(`there is no plugin ${type} in ${this.searchPath}`)
    return path
  }
}

/** An artefact of ours as a plugin of a chain. */
export function chained(testbed: Testbed, artefactPath: string, keys: object = {}): ChainedPlugin {
  const stateDir = testbed.stateDirectory
  return { type: basename(artefactPath), device: 'eth1', ifName: 'net1', stateDir, ...keys }
}

/** Where a chain finds an artefact of ours, Debian's stock plugins and those of a test. */
export function searchPathFor(testbed: Testbed, artefactPath: string): string {
  return [dirname(artefactPath), STOCK_DIRECTORY, pluginDirectory(testbed)].join(':')
}

/** The error with which a chain ends. */
export function chainErrorOf(work: () => unknown): ChainError {
  try {
    work()
  } catch (error) {
    if (error instanceof ChainError) return error
    throw error
  }
  throw new Error('the chain did not fail')
}
