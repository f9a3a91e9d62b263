import type { Ipam } from '../ipam/ipam.js'
import type { Call } from './call.js'

/**
 * The IPAM plugin of a call, loaded only where there is one.
 * @throws Failure `delegate-failed` where it is not installed
 */
export async function ipamOf(call: Call): Promise<Ipam | undefined> {
  const { environment, configuration, cniVersion, variables, input } = call
  const { ipam, timeoutSeconds } = configuration
  if (!ipam?.type) return undefined
  const { Ipam } = await import('../ipam/ipam.js')
  const searchPath = environment.path
  return new Ipam({ type: ipam.type, searchPath, variables, input, cniVersion, timeoutSeconds })
}
