import type { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { NEIGHBOR_STATE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors, newNeighborRequest } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { warn } from '../log.js'
import {
  clsactRequest,
  egressFilterRequest,
  hasEgressFilter,
  type VlanAction,
} from './egress-filter.js'

/** A locally administered address; the driver looks at no MAC in mode l3. */
const ANY_MAC = '02:00:00:00:00:01'

/** The filter's preference: it comes before filters of others, which still get their turn. */
const PREFERENCE = 1

/**
 * The kernel determines the protocol of a frame when it takes a VLAN tag out of it. It only
 * notes the first tag beside the frame; the second one goes into the frame.
 */
const TAG_AND_UNTAG: VlanAction[] = [
  { what: 'push', next: 'next action' },
  { what: 'push', next: 'next action' },
  { what: 'pop', next: 'next action' },
  { what: 'pop', next: 'next filter' },
]

/**
 * Gives an ipvlan device in mode l3 what gVisor's stack needs there: neighbour entries for the
 * gateways, and a filter that sets the protocol of each frame.
 * @returns whether the kernel took the filter
 */
export function prepareForL3(sandbox: NetworkNamespace, link: Link): boolean {
  addGatewayNeighbors(sandbox, link)
  const refusal = addProtocolFilter(sandbox, link.index)
  if (refusal)
    warn(
      `${link.name} is an ipvlan device in mode l3: drivers such as that of Linux 6.1 drop what gVisor sends by it, which the kernel cannot prevent here: ${refusal.message}`,
    )
  return refusal === undefined
}

/** Whether a device still has the filter of `prepareForL3`. */
export function hasProtocolFilter({ socket }: NetworkNamespace, index: number): boolean {
  return hasEgressFilter(socket, index, PREFERENCE)
}

/**
 * Has the kernel determine the protocol of all frames that leave a device. gVisor writes frames
 * to a packet socket without naming the protocol, and some drivers drop such frames.
 * @returns the kernel's error where it cannot do that
 */
function addProtocolFilter({ socket }: NetworkNamespace, index: number): KernelError | undefined {
  const [noClsact, refusal] = socket.requestAll([
    clsactRequest(index),
    egressFilterRequest(index, PREFERENCE, TAG_AND_UNTAG),
  ])
  if (noClsact) return noClsact
  return refusal?.is('EEXIST') ? undefined : refusal
}

/** The driver lets no ARP through in mode l3, but runsc takes permanent neighbour entries over. */
function addGatewayNeighbors({ socket }: NetworkNamespace, link: Link): void {
  const known = dumpNeighbors(socket, link.index)
    .filter(({ state }) => (state & NEIGHBOR_STATE.permanent) !== 0)
    .map(({ address }) => address)
  const gateways = dumpRoutes(socket, link.index)
    .flatMap(({ nexthops }) => nexthops)
    .flatMap(({ gateway, interfaceIndex }) => (interfaceIndex === link.index && gateway) || [])
  const unknown = [...new Set(gateways)].filter((gateway) => !known.includes(gateway))
  const refusals = socket.requestAll(unknown.map((gateway) => neighborRequest(gateway, link)))
  for (const [n, refusal] of refusals.entries())
    if (refusal)
      warn(
        `gVisor will not find ${unknown[n]} by ${link.name}: no neighbour entry: ${refusal.message}`,
      )
}

function neighborRequest(gateway: string, link: Link) {
  const neighbor = {
    family: gateway.includes(':') ? 'inet6' : 'inet',
    address: gateway,
    hardwareAddress: ANY_MAC,
  } as const
  return newNeighborRequest({ ...neighbor, state: NEIGHBOR_STATE.permanent, flags: 0 }, link.index)
}
