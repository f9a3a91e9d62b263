import { prefixCovers } from '../kernel/ip-address.js'
import type { Neighbor } from '../kernel/objects/neighbor.js'
import type { CapturePolicy } from './policy.js'
import type { Reason } from './reasons.js'

const MULTICAST = { inet: '224.0.0.0/4', inet6: 'ff00::/8' }

/** Why an entry of the neighbour table stays behind; undefined where it is carried. */
export function reasonToLeaveNeighbor(
  neighbor: Neighbor,
  policy: Pick<CapturePolicy, 'neighbors'>,
): Reason | undefined {
  if (prefixCovers(MULTICAST[neighbor.family], neighbor.address)) return 'multicast'
  if (policy.neighbors === 'none') return 'not-asked-for'
  if (neighbor.flags.includes('proxy') || neighbor.state.includes('permanent')) return undefined
  const known = neighbor.hardwareAddress !== undefined && !neighbor.state.includes('failed')
  return policy.neighbors === 'all' && known ? undefined : 'learned'
}
