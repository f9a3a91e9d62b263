import { type Environment, readEnvironment } from '../cni/environment.js'
import { asCniError, CniError, ErrorCode, type ErrorDocument, errorDocument } from '../cni/error.js'
import { LATEST_VERSION, requireSupportedVersion, SUPPORTED_VERSIONS } from '../cni/version.js'
import { extendDeadline, RELEASE_SECONDS } from '../deadline.js'
import { exhausted } from '../exhausted.js'
import { bytesOfDocument } from '../stdio.js'
import type { Call, Command } from './call.js'

/** What the process prints, and whether it exits with an error. */
export type Answer =
  | { kind: 'nothing'; failed: false }
  /** A JSON document for stdout, by `bytesOfDocument`: what it takes to make it, it has taken. */
  | {
      kind: 'document'
      document: Buffer
      failed: boolean
      /** Undoes the call, and says so. Called if the document cannot be printed. */
      onOutputFailed?: () => Promise<string>
    }
  /** Plain text for stdout, the output of a command-line command. */
  | {
      kind: 'text'
      text: string
      failed: boolean
      /** Whether the text says what was done: it then goes to stderr where stdout fails. */
      isDone?: boolean
    }
  /** Plain text for stderr. */
  | { kind: 'message'; text: string; failed: boolean }

/** Commands are loaded on demand: start-up time counts on every pod start. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  ADD: async () => (await import('./add.js')).add,
  CHECK: async () => (await import('./check.js')).check,
  DEL: async () => (await import('./del.js')).del,
  GC: async () => (await import('./gc.js')).gc,
  STATUS: async () => (await import('./status.js')).status,
}

/**
 * Answers one CNI call. Never throws: an error becomes an error document.
 * @param variables the environment
 * @param readInput reads stdin; not called for a command without input
 */
export async function answerCall(
  variables: NodeJS.ProcessEnv,
  readInput: () => string,
): Promise<Answer> {
  // For errors that occur before the configuration's version is known.
  let cniVersion = LATEST_VERSION
  let atEnd = () => {}
  let input = ''
  /** Completes an error once it is known what the call is about. */
  let complete = async (document: ErrorDocument) => document
  try {
    if (!variables.CNI_COMMAND) return { kind: 'message', text: about(), failed: false }
    const environment = readEnvironment(variables)
    if (environment.command === 'VERSION') return documentAnswer(supportedVersions(), false)
    input = read(readInput)
    const { decodeNetwork } = await import('../cni/network.js')
    const network = await decodeNetwork(input)
    const load = requireCommand(environment)
    cniVersion = requireSupportedVersion(network.cniVersion, environment.command)
    complete = async (document) =>
      (await import('./error-in-full.js')).inFull(document, environment, network)
    const run = await load()
    const { readCall, warnOfMistakes } = await import('./read-call.js')
    const call = await readCall({ environment, cniVersion, variables, input }, network)
    const { notePhases } = await import('../phases.js')
    atEnd = () => notePhases(environment.command)
    const result = await run(call)
    const document = await orUndo(call, async () => {
      await warnOfMistakes(call)
      return result && bytesOfDocument(result)
    })
    if (!document) return { kind: 'nothing', failed: false }
    return { kind: 'document', document, failed: false, onOutputFailed: () => undo(call) }
  } catch (error) {
    const document = await complete(errorDocument(error, cniVersion))
    const { note } = await import('../log.js')
    note('error', document.msg, () => document)
    const { withHints } = await import('./hints.js')
    return documentAnswer(withHints(document, input), true)
  } finally {
    atEnd()
  }
}

export function documentAnswer(document: object, failed: boolean): Answer {
  return { kind: 'document', document: bytesOfDocument(document), failed }
}

/** What is left to do of a call that has done all else; where there is no memory for it, the call is undone. */
async function orUndo<T>(call: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asCniError(error, await undo(call))
  }
}

/**
 * Undoes an ADD whose result could not be printed: the runtime takes such a call for failed.
 * @returns a sentence on the resulting state; empty for any other command
 */
async function undo(call: Call): Promise<string> {
  const { command, netns } = call.environment
  if (command !== 'ADD') return ''
  try {
    const { enterPhase } = await import('../phases.js')
    enterPhase('undo')
    extendDeadline(RELEASE_SECONDS)
    const { del } = await import('./del.js')
    await del({ ...call, configuration: { ...call.configuration, restoreOnDelete: true } })
    return 'what ADD had done is undone'
  } catch (error) {
    const { message, details } = asCniError(error)
    const why = details === '' ? message : `${message}; ${details}`
    return `what ADD has done may still be there, in sandbox ${netns}, for the roll-back failed: ${why}; a later DEL tries again`
  }
}

function read(readInput: () => string): string {
  try {
    return readInput()
  } catch (error) {
    if (exhausted(error)) throw error
    throw new CniError(
      ErrorCode.inputOutput,
      `error reading from stdin: ${(error as Error).message}`,
    )
  }
}

function requireCommand({ command }: Environment) {
  const load = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (load) return load
  throw new CniError(ErrorCode.invalidEnvironment, `unknown CNI_COMMAND: ${command}`)
}

/** VERSION: the versions of the CNI specification that this plugin supports. */
function supportedVersions() {
  return { cniVersion: LATEST_VERSION, supportedVersions: SUPPORTED_VERSIONS }
}

function about(): string {
  return `CNI host-device-l3 plugin\nCNI protocol versions supported: ${SUPPORTED_VERSIONS.join(', ')}`
}
