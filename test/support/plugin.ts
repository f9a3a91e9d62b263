import { execa } from 'execa'
import { recordCall } from './record-calls.js'
import { runSync } from './run-sync.js'
import type { Testbed } from './testbed.js'

/** How a call ended. */
export interface Outcome {
  exitCode: number | undefined
  stdout: string
  stderr: string
  /** What stdout holds, decoded; undefined when it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
  document: any
}

/** What a call differs in from a good one. An undefined variable is not set at all. */
export interface CallOptions {
  configuration?: Record<string, unknown>
  /** In place of the configuration: any bytes. */
  input?: string | Uint8Array
  variables?: Record<string, string | undefined>
  /** A command put before the plugin's own, e.g. strace with its options. */
  wrapper?: string[]
  /** After so long the call is ended: a minute, unless a test waits longer. */
  milliseconds?: number
}

/** What a call has to know of the network it is for. */
export type CallSite = Pick<Testbed, 'host' | 'sandboxPath' | 'stateDirectory'>

/** Calls an artefact as a runtime does, from inside the testbed's host. */
export function callPlugin(
  testbed: CallSite,
  artefactPath: string,
  command: string,
  options: CallOptions = {},
): Outcome {
  const { command: words, options: settings } = prepare(testbed, artefactPath, command, options)
  const [program = '', ...rest] = words
  const outcome = outcomeOf(runSync(program, rest, settings))
  recordCall({ artefactPath, command, variables: settings.env, input: settings.input, outcome })
  return outcome
}

/** Like `callPlugin`, without waiting for the end. */
export async function startPlugin(
  testbed: CallSite,
  artefactPath: string,
  command: string,
  options: CallOptions = {},
): Promise<Outcome> {
  const { command: words, options: settings } = prepare(testbed, artefactPath, command, options)
  const [program = '', ...rest] = words
  const outcome = outcomeOf(await execa(program, rest, settings))
  recordCall({ artefactPath, command, variables: settings.env, input: settings.input, outcome })
  return outcome
}

/** Runs an artefact on the testbed's host as a person does, e.g. with ['explain', 'eth1']. */
export function runCommandLine(
  testbed: CallSite,
  artefactPath: string,
  words: string[],
  input = '',
): Omit<Outcome, 'document'> {
  const { exitCode, stdout, stderr } = runSync(
    'ip',
    ['netns', 'exec', testbed.host, artefactPath, ...words],
    { input, reject: false },
  )
  const outcome = { exitCode, stdout, stderr }
  recordCall({ artefactPath, command: words.join(' '), variables: {}, input, outcome })
  return outcome
}

function prepare(testbed: CallSite, artefactPath: string, command: string, options: CallOptions) {
  const configuration = {
    cniVersion: '1.1.0',
    name: 'lent',
    type: 'host-device-l3',
    device: 'eth1',
    stateDir: testbed.stateDirectory,
    ...options.configuration,
  }
  const variables = {
    PATH: process.env.PATH,
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'container-1',
    CNI_NETNS: testbed.sandboxPath,
    CNI_IFNAME: 'net1',
    CNI_PATH: '/opt/cni/bin',
    ...options.variables,
  }
  return {
    command: ['ip', 'netns', 'exec', testbed.host, ...(options.wrapper ?? []), artefactPath],
    options: {
      input: options.input ?? JSON.stringify(configuration),
      env: variables,
      extendEnv: false,
      reject: false,
      timeout: options.milliseconds ?? 60_000,
    } as const,
  }
}

function outcomeOf({
  exitCode,
  stdout,
  stderr,
}: {
  exitCode?: number | undefined
  stdout: string
  stderr: string
}): Outcome {
  return {
    exitCode,
    stdout,
    stderr,
    // Only where it is asked for: not all plugins keep to one document.
    get document() {
      return stdout === '' ? undefined : JSON.parse(stdout)
    },
  }
}
