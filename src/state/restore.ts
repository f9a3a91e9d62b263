import { wakeUp, withIpv4 } from '../device/after-move.js'
import { EVERYTHING } from '../kernel/ip-address.js'
import { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { ROUTE_PROTOCOL } from '../kernel/netlink/constants.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route-dump.js'
import { type Sysctl, valueOfSysctl } from '../kernel/sysctl.js'
import { enterPhase } from '../phases.js'
import { tryToApply } from './apply.js'
import { addOwnParts, removeStandIns } from './own-parts.js'
import { planState, type StatePlan } from './plan.js'
import { type Refusal, refusal } from './refusal.js'
import { placeOf } from './routes.js'
import type { Original } from './schema.js'
import { isStandIn } from './stand-in.js'
import { stateToRestore } from './state-to-restore.js'
import { lostSettings } from './sysctls.js'

/** What a device had on the host when it was lent. */
export interface LentState extends Original {
  /** Since the capture. Addresses and routes that have expired since then are not restored. */
  elapsedSeconds: number
}

/**
 * Restores the host state of a returned device and brings it up if it was up. Objects that exist
 * already are not replaced.
 * @param returned the returned device; it is down unless `canComeUpWithoutSettings`
 * @param options as in `StatePlan`
 * @returns what could not be restored
 */
export function restoreHostState(
  host: NetworkNamespace,
  returned: PresentLink,
  { onHost: original, state, elapsedSeconds }: LentState,
  options: Pick<StatePlan, 'enablesIpv6' | 'waitForCarrier'> = {},
): Refusal[] {
  enterPhase('restore')
  const home = withIpv4(host, returned)
  const portRefused = restoreMaster(host, home, original)
  const plan = planState(original, home, stateToRestore(state, original, elapsedSeconds))
  // Those that the configuration names are also among the lost ones, where the kernel reports them.
  const named = new Map(
    [...lostSettings(original, home), ...plan.sysctls].map((sysctl) => [sysctl.name, sysctl]),
  )
  const wanted = [...named.values()]
  const harmful = wanted.filter((sysctl) => wouldCostDefaultRoutes(host, home, sysctl))
  const refused = applyOrSayWhy(host, home, {
    ...plan,
    sysctls: wanted.filter((sysctl) => !harmful.includes(sysctl)),
    hadRoutes: state.routes.map(({ value }) => value),
    ...options,
  })
  const toCome = placesToCome(refused)
  const whole = { onHost: original, state }
  // Where other devices of a route are away, it leads through this one alone until they come home.
  if (toCome.size > 0) addOwnParts(host, whole, home, (route) => toCome.has(placeOf(route)))
  removeStandIns(host, whole, home)
  return [
    ...portRefused,
    ...harmful.map(({ name }) => ({ what: `sysctl ${name}`, reason: HARM })),
    ...refused,
    ...wakeIfBroughtUp(host, home, original),
    ...restoreToken(host, home, original),
  ]
}

/** The places of the routes that the kernel refused, and may take later. */
function placesToCome(refused: Refusal[]): Set<string> {
  return new Set(
    refused.flatMap(({ part, again }) =>
      part?.kind === 'route' && again ? [placeOf(part.value)] : [],
    ),
  )
}

/** Like `tryToApply`; where the device cannot be brought up, nothing else can be tried. */
function applyOrSayWhy(host: NetworkNamespace, home: Link, plan: StatePlan): Refusal[] {
  try {
    const refused = tryToApply(host, home, plan)
    // A refused stand-in does not count: its route is there again, or another one is in its place.
    return refused.filter(
      ({ part, again }) => again || !(part?.kind === 'route' && isStandIn(part.value)),
    )
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    return [refusal('its state, and maybe down', error, { kind: 'everything' })]
  }
}

/** A device that came up only with its state may be dormant, which the kernel tells only then. */
function wakeIfBroughtUp(host: NetworkNamespace, home: Link, original: Link): Refusal[] {
  if (home.up || !original.up) return []
  try {
    const now = findLink(host.socket, { index: home.index })
    if (now) wakeUp(host, original, now)
    return []
  } catch (error) {
    return [refusal('its operational state', error as Error)]
  }
}

/** The token of an IPv6 address. It needs the settings, and is lost with each move. */
function restoreToken({ socket }: NetworkNamespace, home: Link, original: Link): Refusal[] {
  const token = original.settings?.token
  if (token === undefined || home.settings?.token !== undefined) return []
  try {
    changeLink(socket, home.index, { token })
    return []
  } catch (error) {
    return [refusal(`token ${token}`, error as Error, { kind: 'token' })]
  }
}

/**
 * Makes the device a port again of the bridge or bond that a forced ADD took it from. Before the
 * device comes up: a bond takes no other.
 */
function restoreMaster({ socket }: NetworkNamespace, home: Link, { master }: Link): Refusal[] {
  if (master === undefined || home.master !== undefined) return []
  try {
    changeLink(socket, home.index, { master })
    return []
  } catch (error) {
    return [refusal('the bridge or bond of which it was a port', error as Error)]
  }
}

const HARM = 'it would take the default routes away that the host has from router advertisements'

/**
 * Whether setting this sysctl removes default routes: when IPv6 forwarding is turned on, the kernel
 * deletes the default routes from router advertisements, on all devices.
 */
function wouldCostDefaultRoutes(
  host: NetworkNamespace,
  home: Link,
  { name, value }: Sysctl,
): boolean {
  if (name !== 'net.ipv6.conf.forwarding' || value === '0') return false
  if (host.run(() => valueOfSysctl(name, home.name)) === value) return false
  return dumpRoutes(host.socket, { destinations: EVERYTHING }).some(
    ({ family, protocol }) => family === 'inet6' && protocol === ROUTE_PROTOCOL.ra,
  )
}
