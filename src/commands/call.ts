import type { Configuration, WrittenConfiguration } from '../cni/configuration-schema.js'
import type { Environment } from '../cni/environment.js'
import type { Result, ResultInterface } from '../cni/result-schema.js'
import type { CniVersion } from '../cni/version.js'
import { type DeviceSelector, parseSelector } from '../device/selector.js'
import type { Gvisor } from '../gvisor/gvisor.js'
import type { Ipam } from '../ipam/ipam.js'
import type { AttachmentKey } from '../records/record.js'

/** A CNI call with its environment and configuration checked. */
export interface Call {
  environment: Environment
  cniVersion: CniVersion
  /** `prevResult` is converted to the 1.x form. */
  configuration: Configuration
  /** The configuration without defaults. */
  written: WrittenConfiguration
  /** Unchanged environment and stdin, to pass on to an IPAM plugin. */
  variables: NodeJS.ProcessEnv
  input: string
}

/** A command. It returns the document for stdout, or undefined if there is none. */
export type Command = (call: Call) => Promise<object | undefined>

/** The interface's name in the sandbox: `ifName`, else CNI_IFNAME. */
export function nameInSandbox({ environment, configuration }: Call): string {
  return configuration.ifName || environment.ifName
}

/** The attachment that a call is about. */
export function attachmentOf(call: Call): AttachmentKey {
  const { containerId, ifName } = call.environment
  return { containerId, interfaceName: ifName, nameInSandbox: nameInSandbox(call) }
}

/** The configuration's device selector. */
export function selectorOf(configuration: Configuration): DeviceSelector {
  const { device, hwaddr, kernelpath, pciBusID, runtimeConfig } = configuration
  return parseSelector({
    device,
    hwaddr,
    kernelpath,
    pciBusID,
    deviceID: runtimeConfig?.deviceID,
  })
}

/** The interface of a name in the call's sandbox, if it is in prevResult. */
export function reportedInterface(
  call: Call,
  name = nameInSandbox(call),
): ResultInterface | undefined {
  const { prevResult = {} } = call.configuration
  return prevResult.interfaces?.[indexOfInterface(prevResult, call.environment.netns, name)]
}

/**
 * The addresses of that interface in prevResult, and all routes there: a route names no interface.
 */
export function reportedAssignment(
  call: Call,
  name = nameInSandbox(call),
): Pick<Result, 'ips' | 'routes'> {
  return assignmentIn(call.configuration.prevResult ?? {}, call.environment.netns, name)
}

/** The same of any result. */
export function assignmentIn(
  result: Result,
  sandboxPath: string,
  name: string,
): Pick<Result, 'ips' | 'routes'> {
  const { ips = [], routes = [] } = result
  const index = indexOfInterface(result, sandboxPath, name)
  return { ips: ips.filter((ip) => ip.interface === index), routes }
}

/** Position of an interface of a sandbox in a result; -1 if it is not there. */
export function indexOfInterface(
  { interfaces = [] }: Pick<Result, 'interfaces'>,
  sandboxPath: string,
  wanted: string,
): number {
  return interfaces.findIndex(({ name, sandbox }) => name === wanted && sandbox === sandboxPath)
}

/**
 * The IPAM plugin of a call; its module is loaded only if there is one.
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
 * The environment and stdin for the IPAM plugin: unchanged, except with `ifName`. Then CNI_IFNAME
 * is the interface of another plugin, which may have addresses from the same IPAM plugin. The
 * addresses of this device are therefore requested under `ifName`.
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

/** Enough for a sandbox whose image is pulled first. */
const DEFAULT_TIMEOUT_SECONDS = 60

/** The gVisor part of a call. Its modules are loaded only if the configuration has `gvisor`. */
export async function gvisorOf(call: Call): Promise<Gvisor | undefined> {
  const { configuration, environment } = call
  const { gvisor, stateDir, name: network } = configuration
  if (!gvisor) return undefined
  const { Gvisor } = await import('../gvisor/gvisor.js')
  const wanted = gvisor === true ? {} : gvisor
  return new Gvisor({
    stateDir,
    network,
    key: attachmentOf(call),
    sandboxPath: environment.netns,
    timeoutSeconds: wanted.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
  })
}
