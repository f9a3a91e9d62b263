import { readConfiguration, requireConfiguration, unknownKeys } from '../cni/configuration.js'
import type { Configuration, WrittenConfiguration } from '../cni/configuration-schema.js'
import type { Environment } from '../cni/environment.js'
import type { RawNetwork } from '../cni/network.js'
import type { Result, ResultInterface } from '../cni/result-schema.js'
import type { CniVersion } from '../cni/version.js'
import { startCall } from '../deadline.js'
import type { Gvisor } from '../gvisor/gvisor.js'
import type { Ipam } from '../ipam/ipam.js'
import { openLog, warn } from '../log.js'
import type { AttachmentKey } from '../records/record.js'

/** A call of a runtime, checked and complete. */
export interface Call {
  environment: Environment
  cniVersion: CniVersion
  /** Its `prevResult` is in the form of 1.x, whatever the version. */
  configuration: Configuration
  /** Only the keys that the operator wrote. */
  written: WrittenConfiguration
  /** Unchanged environment and stdin, to pass on to an IPAM plugin. */
  variables: NodeJS.ProcessEnv
  input: string
}

/** A command: answers with a document for stdout, or with none. */
export type Command = (call: Call) => Promise<object | undefined>

/** The commands that read the result of the plugins before this one. DEL must work without it. */
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
  requireConfiguration(network)
  const configuration = readConfiguration(wantsPrevious ? { ...network, prevResult } : network)
  startCall(configuration.timeoutSeconds)
  const { logFile: file, logLevel: level, name } = configuration
  openLog({ file, level, context: () => logContext(environment, name) })
  for (const { key, meant } of unknownKeys(network))
    if (meant) warn(`unknown key ${JSON.stringify(key)} is ignored; is "${meant}" meant?`)
  if (configuration.prevResult) {
    const { decodeResult } = await import('../cni/result.js')
    configuration.prevResult = decodeResult(configuration.prevResult, cniVersion)
  }
  return { environment, cniVersion, configuration, written: network, variables, input }
}

/** What every log line says about its call. Of CNI_ARGS, only the names of the pod. */
function logContext(environment: Environment, network: string): Record<string, string> {
  const { command, containerId, ifName, netns, args } = environment
  const pod = new Map(args.split(';').map((pair) => pair.split('=', 2) as [string, string]))
  const context = {
    command,
    network,
    containerId,
    interface: ifName,
    sandbox: netns,
    pod: pod.get('K8S_POD_NAME'),
    podNamespace: pod.get('K8S_POD_NAMESPACE'),
  }
  return Object.fromEntries(
    Object.entries(context).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}

/** The interface's name in the sandbox: `ifName`, else CNI_IFNAME. */
export function nameInSandbox({ environment, configuration }: Call): string {
  return configuration.ifName || environment.ifName
}

/** The attachment that a call is about. */
export function attachmentOf(call: Call): AttachmentKey {
  const { containerId, ifName } = call.environment
  return { containerId, interfaceName: ifName, nameInSandbox: nameInSandbox(call) }
}

/** The interface of a call as the plugins before this one reported it, if they did. */
export function reportedInterface(call: Call): ResultInterface | undefined {
  return call.configuration.prevResult?.interfaces?.[indexOfInterface(call)]
}

/** The addresses reported for that interface, and all reported routes: a route names no interface. */
export function reportedAssignment(call: Call): Pick<Result, 'ips' | 'routes'> {
  const { ips = [], routes = [] } = call.configuration.prevResult ?? {}
  const index = indexOfInterface(call)
  return { ips: ips.filter((ip) => ip.interface === index), routes }
}

function indexOfInterface(call: Call): number {
  const { environment, configuration } = call
  const wanted = nameInSandbox(call)
  const { interfaces = [] } = configuration.prevResult ?? {}
  return interfaces.findIndex(
    ({ name, sandbox }) => name === wanted && sandbox === environment.netns,
  )
}

/**
 * The IPAM plugin of a call, loaded only where there is one.
 * @throws Failure `delegate-failed` if the plugin is not in CNI_PATH
 */
export async function ipamOf(call: Call): Promise<Ipam | undefined> {
  const { environment, configuration, cniVersion } = call
  const { ipam } = configuration
  if (!ipam?.type) return undefined
  const { Ipam } = await import('../ipam/ipam.js')
  const { variables, input } = inputForIpam(call)
  const searchPath = environment.path
  return new Ipam({ type: ipam.type, searchPath, variables, input, cniVersion })
}

/**
 * The environment and stdin for the IPAM plugin: as they came, unless `ifName` gives the device
 * a name of its own. Then IPAM must use that name: CNI_IFNAME is the interface of another
 * plugin, which may have addresses from the same IPAM plugin.
 */
function inputForIpam(call: Call): Pick<Call, 'variables' | 'input'> {
  const { configuration } = call
  const { ifName } = configuration
  if (!ifName) return call
  const variables = { ...call.variables, CNI_IFNAME: ifName }
  const valid = configuration['cni.dev/valid-attachments']
  if (!valid) return { variables, input: call.input }
  const own = valid.map(({ containerID }) => ({ containerID, ifname: ifName }))
  const input = { ...JSON.parse(call.input), 'cni.dev/valid-attachments': [...valid, ...own] }
  return { variables, input: JSON.stringify(input) }
}

/** Long enough for a sandbox whose image is not on the node yet. */
const DEFAULT_TIMEOUT_SECONDS = 60

/** The part of a call that gVisor needs, loaded only where the configuration asks for it. */
export async function gvisorOf(call: Call): Promise<Gvisor | undefined> {
  const { configuration, environment } = call
  const { gvisor, stateDir, name: network } = configuration
  if (!gvisor) return undefined
  const { Gvisor } = await import('../gvisor/gvisor.js')
  const wanted = gvisor === true ? {} : gvisor
  return new Gvisor({
    ...{ stateDir, network, key: attachmentOf(call), sandboxPath: environment.netns },
    timeoutSeconds: wanted.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
  })
}
