import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** A per-interface kernel setting, named without its interface: "net.ipv4.conf.rp_filter". */
export interface Sysctl {
  name: string
  value: string
}

/** The kernel's directories of per-interface settings, as sysctl(8) names them. */
const DIRECTORIES = ['net.ipv4.conf', 'net.ipv6.conf', 'net.ipv4.neigh', 'net.ipv6.neigh']

/**
 * Reads a setting of a device in the namespace the thread is in.
 * @param name such as "net.ipv4.conf.rp_filter"
 * @throws the system's error where there is no such setting, or none that can be read
 */
export function readSysctl(name: string, device: string): Sysctl {
  return { name, value: readFileSync(pathOfSysctl(name, device), 'utf8').trim() }
}

/** Sets a setting of a device in the namespace the thread is in. */
export function writeSysctl({ name, value }: Sysctl, device: string): void {
  writeFileSync(pathOfSysctl(name, device), value)
}

/** All settings of a device that can be read. */
export function readAllSysctls(device: string): Sysctl[] {
  return DIRECTORIES.flatMap((directory) =>
    settingsIn(directory, device).flatMap((setting) => {
      try {
        return [readSysctl(`${directory}.${setting}`, device)]
      } catch {
        // Some can only be written, some only be read once they are set.
        return []
      }
    }),
  )
}

function settingsIn(directory: string, device: string): string[] {
  try {
    return readdirSync(`/proc/sys/${directory.replaceAll('.', '/')}/${device}`)
  } catch {
    // A kernel without IPv6 has half of them.
    return []
  }
}

/**
 * The file of a setting under /proc/sys.
 * @param name such as "net.ipv4.conf.rp_filter"
 * @param device may itself have a dot in it, so it is put in last
 */
export function pathOfSysctl(name: string, device: string): string {
  const last = name.lastIndexOf('.')
  const directory = name.slice(0, last).replaceAll('.', '/')
  return `/proc/sys/${directory}/${device}/${name.slice(last + 1)}`
}
