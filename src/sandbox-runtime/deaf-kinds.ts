import { Failure } from '../failure.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import type { LinkKind } from '../kernel/netlink/link-kind.js'

/**
 * Of which families a device hears nothing once it has lost its addresses. ipvlan finds
 * the device that a packet is for by the addresses it has. macvlan finds it by its MAC,
 * but without an IPv6 address it is in no group that neighbours are looked for in.
 */
export function deafFamilies({ kind }: LinkKind): Family[] {
  if (kind === 'ipvlan' || kind === 'ipvtap') return ['inet', 'inet6']
  if (kind === 'macvlan' || kind === 'macvtap') return ['inet6']
  return []
}

/**
 * Refuses a device that gVisor can get no packet from.
 * @throws Failure `device-refused`
 */
export function requireAudible({ ipvlanMode }: LinkKind, name: string): void {
  if (ipvlanMode !== 'l3s') return
  throw new Failure(
    'device-refused',
    `${name} is an ipvlan device in mode l3s, which gVisor cannot use: what comes in passes the packet socket by which gVisor reads`,
    'nothing was changed; ipvlan in modes l2 and l3 works',
  )
}
