import { type LinkSettings, sysctlsIn } from '../kernel/link-settings.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { readSysctl, type Sysctl, writeSysctl } from '../kernel/sysctl.js'

/** A setting the kernel would not take, and the system's words. */
export interface RefusedSysctl {
  sysctl: Sysctl
  reason: string
}

/**
 * Sets per-interface settings of a device; one that has its value already is left
 * alone, as some can only be read.
 * @returns what the kernel refused
 */
export function setSysctls(
  namespace: NetworkNamespace,
  device: string,
  sysctls: Sysctl[],
): RefusedSysctl[] {
  if (sysctls.length === 0) return []
  return namespace.run(() =>
    sysctls.flatMap((sysctl) => {
      try {
        if (currentValue(sysctl.name, device) !== sysctl.value) writeSysctl(sysctl, device)
        return []
      } catch (error) {
        return [{ sysctl, reason: (error as Error).message }]
      }
    }),
  )
}

/**
 * Lets a device have IPv6 addresses where the sandbox starts without: runtimes do
 * that to pods for which they know of no IPv6.
 */
export function enableIpv6(namespace: NetworkNamespace, device: string): void {
  const name = 'net.ipv6.conf.disable_ipv6'
  namespace.run(() => {
    if (currentValue(name, device) === '1') writeSysctl({ name, value: '0' }, device)
  })
}

/**
 * The settings that a device had before it left and that it has not any more: on every move to
 * another namespace the kernel gives it the defaults of that one. One that has another
 * value by now was set by somebody meanwhile, and stays. The thread must be on the host.
 * @param original the device as it was
 * @param home the device as it came home
 */
export function lostSettings(original: Link, home: Link): Sysctl[] {
  if (!original.settings || !home.settings) return []
  const now = new Map(sysctlsIn(home.settings).map(({ name, value }) => [name, value]))
  return sysctlsIn(original.settings)
    .filter(({ name, value }) => now.has(name) && now.get(name) !== value)
    .filter(({ name }) => now.get(name) === currentValue(name, DEFAULTS))
}

/** They decide what a device does the moment it comes up. */
const HEEDED_AT_ONCE =
  /^net\.ipv6\.conf\.(disable_ipv6|addr_gen_mode|accept_dad|optimistic_dad|accept_ra|router_solicitations)$/

/**
 * Whether a device can come home and up in one message: none of the settings that it is about
 * to lose matters at once. Where the kernel does one after the other, it may take it for a
 * second until it sees the carrier. The thread must be on the host.
 */
export function canComeUpWithoutSettings({ settings }: { settings?: LinkSettings }): boolean {
  return sysctlsIn(settings ?? {})
    .filter(({ name }) => HEEDED_AT_ONCE.test(name))
    .every(({ name, value }) => value === currentValue(name, DEFAULTS))
}

/** In place of a device: what a device gets that is new in the namespace. */
const DEFAULTS = 'default'

/** Undefined where there is no such setting, or it cannot be read. */
function currentValue(name: string, device: string): string | undefined {
  try {
    return readSysctl(name, device).value
  } catch {
    return undefined
  }
}
