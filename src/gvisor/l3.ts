import type { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { NEIGHBOR_STATE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors, newNeighborRequest } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import { warn, warnOfEach } from '../log.js'
import {
  clsactRequest,
  egressFilterRequest,
  hasEgressFilter,
  type VlanAction,
} from './egress-filter.js'

/** Any MAC will do: ipvlan l3 ignores it. */
const ANY_MAC = '02:00:00:00:00:01'

/**
 * The filter's preference: it runs before other filters. Those still run, because the last action
 * continues.
 */
const PREFERENCE = 1

/**
 * The kernel sets skb->protocol when it pops a VLAN tag from the frame. The first pushed tag is
 * kept in the skb's metadata only; the second push writes the first into the frame. Hence push
 * twice, pop twice.
 */
const TAG_AND_UNTAG: VlanAction[] = [
  { what: 'push', next: 'next action' },
  { what: 'push', next: 'next action' },
  { what: 'pop', next: 'next action' },
  { what: 'pop', next: 'next filter' },
]

/**
 * Prepares an ipvlan l3 device for gVisor's network stack: neighbour entries for the gateways, and
 * the protocol filter.
 * @returns whether the filter was installed
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
 * Installs a filter that makes the kernel set the protocol of every frame sent on a device. gVisor
 * writes frames to a packet socket without a protocol, and some drivers drop such frames.
 * @returns the kernel's error if it cannot be installed
 */
function addProtocolFilter({ socket }: NetworkNamespace, index: number): KernelError | undefined {
  const [noClsact, refusal] = socket.requestAll([
    clsactRequest(index),
    egressFilterRequest(index, PREFERENCE, TAG_AND_UNTAG),
  ])
  if (noClsact) return noClsact
  return refusal?.is('EEXIST') ? undefined : refusal
}

/**
 * ipvlan l3 drops ARP and neighbour discovery. runsc copies permanent neighbour entries, so each
 * gateway without one gets one.
 */
function addGatewayNeighbors({ socket }: NetworkNamespace, link: Link): void {
  const known = dumpNeighbors(socket, link.index)
    .filter(({ state }) => (state & NEIGHBOR_STATE.permanent) !== 0)
    .map(({ address }) => address)
  const gateways = dumpRoutes(socket, { device: link.index })
    .flatMap(({ nexthops }) => nexthops)
    .flatMap(({ gateway, interfaceIndex }) => (interfaceIndex === link.index && gateway) || [])
  const unknown = [...new Set(gateways)].filter((gateway) => !known.includes(gateway))
  const refusals = socket.requestAll(unknown.map((gateway) => neighborRequest(gateway, link)))
  warnOfEach(
    unknown.flatMap((gateway, n) => {
      const refusal = refusals[n]?.message
      if (refusal === undefined) return []
      return `gVisor will not find ${gateway} by ${link.name}: no neighbour entry: ${refusal}`
    }),
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
