import { Failure } from '../failure.js'
import { changedSysctls } from '../kernel/link-settings.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import {
  readSysctl,
  STABLE_SECRET,
  type Sysctl,
  valueOfSysctl,
  writeSysctl,
} from '../kernel/sysctl.js'

/** A sysctl that could not be set, and the error. */
export interface RefusedSysctl {
  sysctl: Sysctl
  error: NodeJS.ErrnoException
}

/**
 * Sets sysctls of a device. A sysctl that already has the value is not written: some are read-only.
 * @returns what the kernel refused
 */
export function setSysctls(
  namespace: NetworkNamespace,
  device: string,
  sysctls: Sysctl[],
): RefusedSysctl[] {
  if (sysctls.length === 0) return []
  const isSecret = ({ name }: Sysctl) => name === STABLE_SECRET
  const inOrder = [...sysctls.filter(isSecret), ...sysctls.filter((one) => !isSecret(one))]
  return namespace.run(() =>
    inOrder.flatMap((sysctl) => {
      try {
        if (valueOfSysctl(sysctl.name, device) !== sysctl.value) writeSysctl(sysctl, device)
        return []
      } catch (error) {
        return [{ sysctl, error: error as Error }]
      }
    }),
  )
}

/** Turns off disable_ipv6 on a device: some runtimes set it in pods without IPv6. */
export function enableIpv6(namespace: NetworkNamespace, device: string): void {
  const name = 'net.ipv6.conf.disable_ipv6'
  namespace.run(() => {
    if (valueOfSysctl(name, device) === '1') writeSysctl({ name, value: '0' }, device)
  })
}

/**
 * Sysctls that the device lost by moving: the kernel resets them to the defaults of the new
 * namespace on every move. A sysctl that no longer has the default was set by someone since the
 * return, and is left alone. The thread must be in the host's namespace.
 * @param original the device as it was when it was lent
 * @param home the device as it returned
 */
export function lostSettings(original: Link, home: Link): Sysctl[] {
  if (!original.settings || !home.settings) return []
  return changedSysctls(original.settings, home.settings)
    .filter(({ name, now }) => isOfNoarp(name, now) || now === defaultOf(name))
    .map(({ name, before }) => ({ name, value: before }))
}

/**
 * Whether the kernel gave a sysctl this value because the device had no ARP when it came to the
 * namespace: a pod may have turned it off.
 */
function isOfNoarp(name: string, value: string): boolean {
  return value === '-1' && /^net\.ipv6\.conf\.(accept_dad|use_tempaddr)$/.test(name)
}

/** Sysctls that take effect when the device comes up, or with the first router advertisement after that. */
const HEEDED_AT_ONCE = [
  'net.ipv6.conf.disable_ipv6',
  'net.ipv6.conf.addr_gen_mode',
  'net.ipv6.conf.accept_dad',
  'net.ipv6.conf.dad_transmits',
  'net.ipv6.conf.optimistic_dad',
  'net.ipv6.conf.accept_ra',
  'net.ipv6.conf.accept_ra_defrtr',
  'net.ipv6.conf.accept_ra_pinfo',
  'net.ipv6.conf.autoconf',
  'net.ipv6.conf.forwarding',
  'net.ipv6.conf.router_solicitations',
  'net.ipv6.conf.use_tempaddr',
]

/**
 * Whether a returned device can be brought up before it gets its sysctls back, because each in
 * `HEEDED_AT_ONCE` is as it was, or was the default. After them is slower: the kernel may take a
 * second to notice the carrier. The thread must be in the host's namespace.
 * @param original the device as it was when it was lent
 * @param home the device as it returned
 */
export function canComeUpWithoutSettings(original: Link, home: Link): boolean {
  return changedSysctls(original.settings ?? {}, home.settings ?? {})
    .filter(({ name }) => HEEDED_AT_ONCE.includes(name))
    .every(({ name, before }) => before === defaultOf(name))
}

/** The directory under /proc/sys with the defaults for new devices. It stands in for a device. */
const DEFAULTS = 'default'

/**
 * The default for new devices; undefined if there is no such sysctl.
 * @throws Failure `kernel-refused` if it could not be read this time
 */
function defaultOf(name: string): string | undefined {
  try {
    return readSysctl(name, DEFAULTS).value
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Failure('kernel-refused', `cannot read the default of the sysctl ${name}: ${message}`)
  }
}
