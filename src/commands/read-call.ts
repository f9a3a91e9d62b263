import {
  hasUselessKeys,
  requireConfiguration,
  withDefaults,
  withoutNeedlessFaults,
} from '../cni/configuration.js'
import { type Environment, podOf } from '../cni/environment.js'
import type { RawNetwork } from '../cni/network.js'
import { startCall } from '../deadline.js'
import { openLog, warn } from '../log.js'
import { enterPhase } from '../phases.js'
import type { Call } from './call.js'

/** The commands that bring devices home. */
const RELEASES = ['DEL', 'GC']

/** The commands that read prevResult. DEL does not: it must work without one. */
const READS_PREVIOUS_RESULT = ['ADD', 'CHECK']

/** What is known of a call before its configuration is checked. */
type Given = Pick<Call, 'environment' | 'cniVersion' | 'variables' | 'input'>

/**
 * Checks the configuration of a call, and opens the log it asks for.
 * @throws CniError 6 or 7
 */
export async function readCall(
  given: Given,
  { prevResult, ...network }: RawNetwork,
): Promise<Call> {
  const { environment, cniVersion, variables } = given
  const { command } = environment
  const wantsPrevious = prevResult !== undefined && READS_PREVIOUS_RESULT.includes(command)
  const faults: string[] = []
  const known = RELEASES.includes(command)
    ? withoutNeedlessFaults(network, (fault) => faults.push(fault))
    : network
  const written: RawNetwork = wantsPrevious ? { ...known, prevResult } : known
  requireConfiguration(written)
  const configuration = withDefaults(written)
  startCall(configuration.timeoutSeconds)
  const { logFile: file, logLevel: level, name } = configuration
  openLog({ file, level, context: () => logContext(environment, name, variables) })
  for (const fault of faults) warn(`${command} goes on without it: ${fault}`)
  enterPhase('look')
  if (configuration.prevResult) {
    const { decodeResult } = await import('../cni/result.js')
    configuration.prevResult = decodeResult(configuration.prevResult, cniVersion)
  }
  return { ...given, configuration, written }
}

/**
 * Warns of likely mistakes in the configuration of an ADD that succeeded. Where a call fails, they
 * are in the error's details instead.
 */
export async function warnOfMistakes({ written, environment }: Call): Promise<void> {
  if (environment.command !== 'ADD' || !hasUselessKeys(written)) return
  const { mistakesIn } = await import('../cni/mistakes.js')
  const { prevResult: _, ...network } = written
  for (const { text } of mistakesIn(network)) warn(text)
}

/** The form of a trace context that the W3C recommends: version, trace, span, flags. */
const TRACE_CONTEXT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Fields of every log line. From CNI_ARGS only the pod's names: the rest may hold secrets. */
function logContext(
  environment: Environment,
  network: string,
  { TRACEPARENT = '' }: NodeJS.ProcessEnv,
): Record<string, string> {
  const { command, containerId, ifName, netns } = environment
  const pod = podOf(environment)
  const context = {
    command,
    network,
    containerId,
    interface: ifName,
    sandbox: netns,
    pod: pod?.name,
    podNamespace: pod?.namespace,
    traceparent: TRACE_CONTEXT.test(TRACEPARENT) ? TRACEPARENT : undefined,
  }
  return Object.fromEntries(
    Object.entries(context).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}
