import { readConfiguration, unknownKeys } from '../cni/configuration.js'
import type { WrittenConfiguration } from '../cni/configuration-schema.js'
import type { Environment } from '../cni/environment.js'
import type { RawNetwork } from '../cni/network.js'
import type { CniVersion } from '../cni/version.js'
import { startCall } from '../deadline.js'
import { openLog, warn } from '../log.js'
import type { Call } from './call.js'
import { logContext } from './log-context.js'

/** The commands that look at what the plugins before this one did. DEL must work without. */
const READS_PREVIOUS_RESULT = ['ADD', 'CHECK']

/**
 * Checks the configuration of a call, and opens the log it asks for.
 * @throws CniError 6 or 7
 */
export async function readCall(
  environment: Environment,
  cniVersion: CniVersion,
  { prevResult, ...network }: RawNetwork,
  variables: NodeJS.ProcessEnv,
  input: string,
): Promise<Call> {
  const { command } = environment
  const wantsPrevious = prevResult !== undefined && READS_PREVIOUS_RESULT.includes(command)
  const configuration = readConfiguration(wantsPrevious ? { ...network, prevResult } : network)
  startCall(configuration.timeoutSeconds)
  const { logFile: file, logLevel: level, name } = configuration
  openLog({ file, level, context: () => logContext(environment, name) })
  await warnOfNearMisses(network)
  if (configuration.prevResult) {
    const { understandResult } = await import('../cni/result/understand.js')
    configuration.prevResult = understandResult(configuration.prevResult, cniVersion)
  }
  const written = network as unknown as WrittenConfiguration
  return { environment, cniVersion, configuration, written, variables, input }
}

async function warnOfNearMisses(network: RawNetwork): Promise<void> {
  const keys = unknownKeys(network)
  if (keys.length === 0) return
  const { nearMiss } = await import('../cni/near-miss.js')
  for (const key of keys) {
    const meant = nearMiss(key)
    if (meant) warn(`unknown key ${JSON.stringify(key)} is ignored; is "${meant}" meant?`)
  }
}
