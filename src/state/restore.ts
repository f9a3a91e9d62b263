import { coversEverything } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { ROUTE_PROTOCOL } from '../kernel/netlink/constants.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { dumpRoutes } from '../kernel/netlink/route.js'
import type { Sysctl } from '../kernel/sysctl.js'
import { type Refusal, tryToApply } from './apply.js'
import type { StateToApply } from './carry.js'
import { planState } from './plan.js'
import { REASONS } from './reasons.js'
import type { Captured, HostNetworkState } from './schema.js'
import { lostSettings } from './sysctls.js'

/**
 * Restores the host state of a returned device and brings it up if it was up. Objects that exist
 * already are not replaced.
 * @param home the returned device; it is down unless `canComeUpWithoutSettings`
 * @param original the device as it was when the state was captured
 * @param lentAt time of the capture, in seconds since 1970; expired addresses and routes are not
 *   restored
 * @returns what could not be restored
 */
export function restoreHostState(
  host: NetworkNamespace,
  home: Link,
  original: Link,
  state: HostNetworkState,
  lentAt: number,
): Refusal[] {
  const elapsed = Math.floor(Date.now() / 1000) - lentAt
  const plan = planState(original, home, stateToRestore(state, original, elapsed))
  const lost = lostSettings(original, home)
  const harmful = lost.filter((sysctl) => wouldCostDefaultRoutes(host, sysctl))
  const settings = lost.filter((sysctl) => !harmful.includes(sysctl))
  const refused = tryToApply(host, home, { ...plan, sysctls: [...settings, ...plan.sysctls] })
  return [
    ...harmful.map(({ name }) => ({ what: `sysctl ${name}`, reason: HARM })),
    ...refused,
    ...restoreToken(host, home, original),
  ]
}

/** The token of an IPv6 address. It needs the settings, and is lost with each move. */
function restoreToken({ socket }: NetworkNamespace, home: Link, original: Link): Refusal[] {
  const token = original.settings?.token
  if (token === undefined || home.settings?.token !== undefined) return []
  try {
    changeLink(socket, home.index, { token })
    return []
  } catch (error) {
    return [{ what: `token ${token}`, reason: (error as Error).message }]
  }
}

const HARM = 'it would take the default routes away that the host has from router advertisements'

/**
 * Whether setting this sysctl removes default routes: when IPv6 forwarding is turned on, the kernel
 * deletes the default routes from router advertisements, on all devices.
 */
function wouldCostDefaultRoutes(host: NetworkNamespace, { name, value }: Sysctl): boolean {
  if (name !== 'net.ipv6.conf.forwarding' || value === '0') return false
  return dumpRoutes(host.socket).some(
    ({ family, destination, protocol }) =>
      family === 'inet6' && coversEverything(destination) && protocol === ROUTE_PROTOCOL.ra,
  )
}

/**
 * The state to restore on the host: everything except what reappears by itself. Rules stayed on the
 * host.
 * @param elapsedSeconds time since the capture; expired addresses and routes are dropped
 */
export function stateToRestore(
  state: HostNetworkState,
  device: Link,
  elapsedSeconds = 0,
): StateToApply {
  const left = (seconds: number) => seconds - elapsedSeconds
  return {
    up: device.up,
    addresses: lost(state.addresses).flatMap((address) => {
      const { validSeconds, preferredSeconds } = address
      if (validSeconds !== undefined && left(validSeconds) <= 0) return []
      const preferred = preferredSeconds ?? validSeconds
      return {
        ...address,
        ...(validSeconds === undefined ? {} : { validSeconds: left(validSeconds) }),
        ...(preferred === undefined ? {} : { preferredSeconds: Math.max(0, left(preferred)) }),
      }
    }),
    routes: lost(state.routes).flatMap((route) => {
      if (route.expiresSeconds === undefined) return route
      return left(route.expiresSeconds) <= 0
        ? []
        : { ...route, expiresSeconds: left(route.expiresSeconds) }
    }),
    order: state.routes.map(({ value }) => value),
    rules: [],
    neighbors: lost(state.neighbors),
    sysctls: state.sysctls,
  }
}

/** The captured objects that do not reappear on the host by themselves. */
function lost<T>(captured: Captured<T>[]): T[] {
  return captured.flatMap(({ value, leftBehind }) =>
    leftBehind !== undefined && REASONS[leftBehind].returnsByItself ? [] : [value],
  )
}
