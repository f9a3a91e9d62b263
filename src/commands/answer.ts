import { type Environment, readEnvironment } from '../cni/environment.js'
import { CniError, ErrorCode, type ErrorDocument, errorDocument } from '../cni/error.js'
import { LATEST_VERSION, requireSupportedVersion, SUPPORTED_VERSIONS } from '../cni/version.js'
import { extendDeadline, RELEASE_SECONDS } from '../deadline.js'
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
      /** Undoes the call. Called if the document cannot be printed. */
      onOutputFailed?: () => Promise<void>
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
    await warnOfMistakes(call)
    if (!result) return { kind: 'nothing', failed: false }
    const document = await bytesOrUndo(call, result)
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

/** The result of a call as it is printed; where there is no memory for that, the call is undone. */
async function bytesOrUndo(call: Call, result: object): Promise<Buffer> {
  try {
    return bytesOfDocument(result)
  } catch (error) {
    await undo(call)
    throw error
  }
}

/** Undoes an ADD whose result could not be printed: the runtime takes such a call for failed. */
async function undo(call: Call): Promise<void> {
  if (call.environment.command !== 'ADD') return
  const { del } = await import('./del.js')
  extendDeadline(RELEASE_SECONDS)
  await del({ ...call, configuration: { ...call.configuration, restoreOnDelete: true } })
}

function read(readInput: () => string): string {
  try {
    return readInput()
  } catch (error) {
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
