import type { Result } from '../../cni/result-schema.js'
import { Failure } from '../../failure.js'
import type { Gvisor } from '../../gvisor/gvisor.js'
import type { Ipam } from '../../ipam/ipam.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { applyState, settleAddresses } from '../../state/apply.js'
import { assignedState } from '../../state/assigned.js'
import { planState } from '../../state/plan.js'

/**
 * Runs the IPAM plugin's ADD.
 * @param mayBeNone accepts a result without addresses
 * @throws CniError with the plugin's code and message; Failure `delegate-failed`
 */
export async function askForAddresses(ipam: Ipam, mayBeNone: boolean): Promise<Result> {
  const assigned = await ipam.add()
  if (assigned.ips?.length || mayBeNone) return assigned
  throw new Failure('delegate-failed', 'IPAM plugin returned missing IP config')
}

/**
 * Adds the assigned addresses and routes to a device in the sandbox.
 * @param gvisor if given, leaves out what runsc would refuse
 * @throws Failure `kernel-refused`, also if duplicate address detection fails for an IPv6 address
 */
export function applyAssigned(
  sandbox: NetworkNamespace,
  device: Link,
  assigned: Pick<Result, 'ips' | 'routes'>,
  gvisor?: Gvisor,
): void {
  const all = assignedState(assigned, device)
  const state = gvisor?.fit(sandbox, all, device) ?? all
  applyState(sandbox, device, planState(device, device, state))
  // An IPv6 gateway is not reachable while the address is tentative, so wait for duplicate address
  // detection.
  const hasIpv6Gateway = assigned.ips?.some(({ gateway }) => gateway?.includes(':'))
  if (hasIpv6Gateway) settleAddresses(sandbox, device)
}
