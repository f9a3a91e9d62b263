import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpNeighbors, newNeighborRequest } from '../kernel/netlink/neighbor.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import { warn } from '../log.js'
import { nameProtocols } from './protocol-naming.js'

/** Locally administered; the driver looks at no MAC in mode l3. */
const ANY_MAC = '02:00:00:00:00:01'

/**
 * Gives an ipvlan device in mode l3 what gVisor's stack needs there, and the host's does not.
 * @returns whether the kernel was told to name the protocols of what gVisor sends
 */
export function makeReadyForL3(sandbox: NetworkNamespace, link: Link): boolean {
  addNeighbors(sandbox, link)
  const refusal = nameProtocols(sandbox, link.index)
  if (refusal)
    warn(
      `${link.name} is an ipvlan device in mode l3: drivers such as that of Linux 6.1 drop what gVisor sends by it, which the kernel cannot prevent here: ${refusal.message}`,
    )
  return refusal === undefined
}

/**
 * The driver lets no ARP through. runsc takes permanent entries over, so each gateway gets
 * one, unless it has one.
 */
function addNeighbors({ socket }: NetworkNamespace, link: Link): void {
  const known = dumpNeighbors(socket, link.index)
    .filter(({ state }) => (state & 0x80) !== 0)
    .map(({ address }) => address)
  const gateways = dumpRoutes(socket, link.index)
    .flatMap(({ nexthops }) => nexthops)
    .flatMap(({ gateway, interfaceIndex }) => (interfaceIndex === link.index && gateway) || [])
  const unknown = [...new Set(gateways)].filter((gateway) => !known.includes(gateway))
  const refusals = socket.requestAll(unknown.map((gateway) => entryFor(gateway, link)))
  for (const [n, refusal] of refusals.entries())
    if (refusal)
      warn(
        `gVisor will not find ${unknown[n]} by ${link.name}: no neighbour entry: ${refusal.message}`,
      )
}

function entryFor(gateway: string, link: Link) {
  const family = gateway.includes(':') ? 'inet6' : 'inet'
  const entry = { family, address: gateway, hardwareAddress: ANY_MAC } as const
  return newNeighborRequest({ ...entry, state: 0x80, flags: 0 }, link.index)
}
