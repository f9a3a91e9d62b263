import type { Result } from '../../cni/result-schema.js'
import { waitUntil } from '../../deadline.js'
import { Failure } from '../../failure.js'
import type { Gvisor } from '../../gvisor/gvisor.js'
import type { Ipam } from '../../ipam/ipam.js'
import { splitPrefix } from '../../kernel/ip-address.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { dumpAddresses } from '../../kernel/netlink/address.js'
import type { Address } from '../../kernel/netlink/address-schema.js'
import { ADDRESS_FLAG } from '../../kernel/netlink/constants.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { note, warn } from '../../log.js'
import { enterPhase } from '../../phases.js'
import { applyState } from '../../state/apply.js'
import { assignedState } from '../../state/assigned.js'
import { describeAddress } from '../../state/describe.js'
import { planState } from '../../state/plan.js'

/**
 * Runs the IPAM plugin's ADD.
 * @param mayBeNone accepts a result without addresses
 * @throws CniError with the plugin's code and message; Failure `delegate-failed`
 */
export async function askForAddresses(ipam: Ipam, mayBeNone: boolean): Promise<Result> {
  enterPhase('ipam')
  const assigned = await ipam.add()
  enterPhase('apply')
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

const LONGEST_DETECTION_MILLISECONDS = 5000
const DETECTION_PAUSE_MILLISECONDS = 50

/**
 * Waits for duplicate address detection on a device, for five seconds at most: without a carrier it
 * never ends.
 * @throws Failure `kernel-refused` if an address is a duplicate
 */
function settleAddresses({ socket }: NetworkNamespace, device: Link): void {
  waitUntil(LONGEST_DETECTION_MILLISECONDS, DETECTION_PAUSE_MILLISECONDS, () => {
    const addresses = dumpAddresses(socket, device.index)
    const duplicate = addresses.find(({ flags }) => flags & ADDRESS_FLAG.dadfailed)
    if (duplicate)
      throw new Failure(
        'kernel-refused',
        `link ${device.name} has address ${describeAddress(duplicate)} in DADFAILED state: somebody else on the link has it`,
      )
    const unsettled = addresses.some(({ flags }) => flags & ADDRESS_FLAG.tentative)
    return unsettled ? undefined : true
  })
}

/**
 * Tells the neighbours of a device in the sandbox that what IPAM assigned is at its hardware address
 * now: another device may have had it before. ADD neither waits for that nor fails because of it:
 * neighbours find out by themselves, later.
 * @param carried addresses that the host's device has at another hardware address
 */
export async function announceAssigned(
  sandbox: NetworkNamespace,
  device: Link,
  assigned: Pick<Result, 'ips'> | undefined,
  carried: Address[] = [],
): Promise<void> {
  const fromIpam = (assigned?.ips ?? []).map(({ address }) => splitPrefix(address).address)
  const addresses = [...carried.map(({ local }) => local), ...fromIpam]
  if (addresses.length === 0) return
  try {
    const { announce } = await import('../../kernel/announcement.js')
    const announced = announce(sandbox, device, addresses)
    if (announced.length > 0)
      note('info', `announces the addresses of ${device.name}`, () => ({ addresses: announced }))
  } catch (error) {
    warn(`cannot announce the addresses of ${device.name}: ${(error as Error).message}`)
  }
}
