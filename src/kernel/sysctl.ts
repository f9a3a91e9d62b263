import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathOfText } from './kernel-text.js'

/** A per-interface kernel setting, named without its interface: "net.ipv4.conf.rp_filter". */
export interface Sysctl {
  name: string
  value: string
}

/** The kernel's directories of per-interface sysctls, as sysctl(8) names them. */
const DIRECTORIES = ['net.ipv4.conf', 'net.ipv6.conf', 'net.ipv4.neigh', 'net.ipv6.neigh']

/**
 * Cannot be read until it is set. Setting it also sets `addr_gen_mode` to 2, a mode that the kernel
 * refuses before.
 */
export const STABLE_SECRET = 'net.ipv6.conf.stable_secret'

/**
 * Reads a sysctl of a device in the thread's namespace.
 * @param name such as "net.ipv4.conf.rp_filter"
 * @throws the system's error if the sysctl does not exist or cannot be read
 */
export function readSysctl(name: string, device: string): Sysctl {
  return { name, value: readFileSync(pathOfText(pathOfSysctl(name, device)), 'utf8').trim() }
}

/** The value of a sysctl; undefined if this kernel lacks it, as without IPv6, or it cannot be read. */
export function valueOfSysctl(name: string, device: string): string | undefined {
  try {
    return readSysctl(name, device).value
  } catch {
    return undefined
  }
}

/** Writes a sysctl of a device in the thread's namespace. */
export function writeSysctl({ name, value }: Sysctl, device: string): void {
  writeFileSync(pathOfText(pathOfSysctl(name, device)), value)
}

/** All readable sysctls of a device. */
export function readAllSysctls(device: string): Sysctl[] {
  return DIRECTORIES.flatMap((directory) =>
    settingsIn(directory, device).flatMap((setting) => {
      const name = `${directory}.${setting}`
      // Some sysctls are write-only; some cannot be read until they are set.
      const value = valueOfSysctl(name, device)
      return value === undefined ? [] : [{ name, value }]
    }),
  )
}

/** The names of all sysctls that this kernel has for a device. */
export function settingNames(): string[] {
  return DIRECTORIES.flatMap((directory) =>
    settingsIn(directory, 'default').map((setting) => `${directory}.${setting}`),
  )
}

function settingsIn(directory: string, device: string): string[] {
  try {
    return readdirSync(pathOfText(`/proc/sys/${directory.replaceAll('.', '/')}/${device}`))
  } catch {
    // A kernel without IPv6 lacks the IPv6 directories.
    return []
  }
}

/**
 * The file of a sysctl under /proc/sys.
 * @param name such as "net.ipv4.conf.rp_filter"
 * @param device inserted last, because a device name may contain a dot
 */
export function pathOfSysctl(name: string, device: string): string {
  const last = name.lastIndexOf('.')
  const directory = name.slice(0, last).replaceAll('.', '/')
  return `/proc/sys/${directory}/${device}/${name.slice(last + 1)}`
}
