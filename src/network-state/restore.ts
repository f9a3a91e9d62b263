import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Link } from '../kernel/objects/link.js'
import type { Sysctl } from '../kernel/objects/sysctl.js'
import type { Place } from '../kernel/place.js'
import { type Refusal, tryToApply } from './apply.js'
import { stateToRestore } from './carried.js'
import { lostSettings } from './lost-settings.js'
import type { HostNetworkState } from './model-schema.js'
import { planState } from './plan.js'

/**
 * Gives a device that is home the state it had there, and brings it up if it was up. What
 * somebody put in its place meanwhile stays.
 * @param home the device; down, unless it `canComeUpWithoutSettings`
 * @param former the device as it was when the state was captured
 * @param lentAt when that was, in seconds since 1970: what has expired meanwhile is gone
 * @returns what is not possible any more
 */
export function restoreHostState(
  host: Place,
  home: Link,
  former: Link,
  state: HostNetworkState,
  lentAt: number,
): Refusal[] {
  const elapsed = Math.floor(Date.now() / 1000) - lentAt
  const plan = planState(former, home, stateToRestore(state, former, elapsed))
  const lost = lostSettings(former, home)
  const harmful = lost.filter((sysctl) => wouldCostDefaultRoutes(host, sysctl))
  const settings = lost.filter((sysctl) => !harmful.includes(sysctl))
  const refused = tryToApply(host, host, home, {
    ...plan,
    sysctls: [...settings, ...plan.sysctls],
  })
  return [...harmful.map(({ name }) => ({ what: `sysctl ${name}`, reason: HARM })), ...refused]
}

const HARM = 'it would take the default routes away that the host has from router advertisements'

/** So the kernel does, on all devices, when one of them is to forward. */
function wouldCostDefaultRoutes(host: Place, { name, value }: Sysctl): boolean {
  if (name !== 'net.ipv6.conf.forwarding' || value === '0') return false
  return dumpRoutes(host.socket).some(
    ({ destination, protocol }) => destination === '::/0' && protocol === 'RA',
  )
}
