import type { Ipam } from '../ipam/ipam.js'
import type { Call } from './call.js'

/**
 * The IPAM plugin of a call, loaded only where there is one.
 * @throws Failure `delegate-failed` where it is not installed
 */
export async function ipamOf(call: Call): Promise<Ipam | undefined> {
  const { environment, configuration, cniVersion } = call
  const { ipam } = configuration
  if (!ipam?.type) return undefined
  const { Ipam } = await import('../ipam/ipam.js')
  const { variables, input } = handedOn(call)
  const searchPath = environment.path
  return new Ipam({ type: ipam.type, searchPath, variables, input, cniVersion })
}

/**
 * Environment and stdin as they came. Only where the device has a name of its own in
 * the sandbox, IPAM must know it by that: CNI_IFNAME is another plugin's interface,
 * which may have addresses from the same IPAM plugin.
 */
function handedOn(call: Call): Pick<Call, 'variables' | 'input'> {
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
