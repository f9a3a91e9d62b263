import type { Link } from '../kernel/objects/link.js'
import type { Sysctl } from '../kernel/objects/sysctl.js'
import { sysctlsIn } from '../kernel/settings.js'
import { readSysctl } from '../kernel/sysctl.js'

/**
 * The settings that a device had before it left and that it has not any more: on every move to
 * another namespace the kernel gives it the defaults of that one. One that has another
 * value by now was set by somebody meanwhile, and stays. The thread must be on the host.
 * @param former the device as it was
 * @param home the device as it came home
 */
export function lostSettings(former: Link, home: Link): Sysctl[] {
  if (!former.settings || !home.settings) return []
  const now = new Map(sysctlsIn(home.settings).map(({ name, value }) => [name, value]))
  return sysctlsIn(former.settings)
    .filter(({ name, value }) => now.has(name) && now.get(name) !== value)
    .filter(({ name }) => now.get(name) === defaultOf(name))
}

/** They decide what a device does the moment it comes up. */
const HEEDED_AT_ONCE =
  /^net\.ipv6\.conf\.(disable_ipv6|addr_gen_mode|accept_dad|optimistic_dad|accept_ra|router_solicitations)$/

/**
 * Whether a device can come home and up in one message: none of the settings that it is about
 * to lose matters at once. Where the kernel does one after the other, it may take it for a
 * second until it sees the carrier. The thread must be on the host.
 */
export function canComeUpWithoutSettings({ settings }: Link): boolean {
  return sysctlsIn(settings ?? {})
    .filter(({ name }) => HEEDED_AT_ONCE.test(name))
    .every(({ name, value }) => value === defaultOf(name))
}

function defaultOf(name: string): string | undefined {
  try {
    return readSysctl(name, 'default').value
  } catch {
    return undefined
  }
}
