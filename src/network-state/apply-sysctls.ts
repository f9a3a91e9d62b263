import type { Sysctl } from '../kernel/objects/sysctl.js'
import type { Place } from '../kernel/place.js'
import { readSysctl, writeSysctl } from '../kernel/sysctl.js'

/** A setting the kernel would not take, and the system's words. */
export interface RefusedSysctl {
  sysctl: Sysctl
  reason: string
}

/**
 * Sets per-interface settings of a device; one that has its value already is left
 * alone, as some can only be read.
 * @param host where the thread is, and comes back to
 */
export function setSysctls(
  place: Place,
  host: Place,
  device: string,
  sysctls: Sysctl[],
): RefusedSysctl[] {
  if (sysctls.length === 0) return []
  return place.namespace.inside(host.namespace, () =>
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
export function enableIpv6(place: Place, host: Place, device: string): void {
  const name = 'net.ipv6.conf.disable_ipv6'
  place.namespace.inside(host.namespace, () => {
    if (currentValue(name, device) === '1') writeSysctl({ name, value: '0' }, device)
  })
}

function currentValue(name: string, device: string): string | undefined {
  try {
    return readSysctl(name, device).value
  } catch {
    return undefined
  }
}
