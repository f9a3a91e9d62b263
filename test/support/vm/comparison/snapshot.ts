import { runSync } from '../../run-sync.js'

/** An address, with the names that `ip` has for its parts. */
export interface Address {
  readonly local: string
  readonly prefixlen: number
  readonly scope: string
  readonly label?: string
  readonly broadcast?: string
  /** The peer's. */
  readonly address?: string
  readonly metric?: number
  readonly noprefixroute?: true
}

/** A device, as `ip` shows it. */
export interface Device {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly mtu: number
  readonly address: string
  readonly txqlen: number
  readonly altnames?: readonly string[]
  readonly addr_info: readonly Address[]
}

/** A route, rule or neighbour, of which some parts count. */
export type Entry = Readonly<Record<string, unknown>>

/** What there is in a network namespace. */
export interface Snapshot {
  readonly devices: readonly Device[]
  readonly routes: readonly Entry[]
  readonly rules: readonly Entry[]
  readonly neighbors: readonly Entry[]
}

const SHOW = ['address show', 'route show table all', 'rule show', 'neighbour show nud permanent']

/** Looks into a network namespace. */
export function snapshotOf(namespace: string): Snapshot {
  const input = SHOW.join('\n')
  const { stdout } = runSync('ip', ['-json', '-n', namespace, '-batch', '-'], { input })
  const [devices, routes, rules, neighbors] = stdout.split('\n').map((line) => JSON.parse(line))
  return { devices, routes, rules, neighbors }
}

/** Whether one of the entries has these parts, whatever else it has. */
export function has(entries: readonly object[], parts: object): boolean {
  const wanted = Object.entries(parts)
  return entries.some((entry) =>
    wanted.every(([name, value]) => Reflect.get(entry, name) === value),
  )
}

/** The device of a name. */
export function deviceOf({ devices }: Snapshot, name: string): Device | undefined {
  return devices.find(({ ifname }) => ifname === name)
}

/** The addresses of a device, but for those that every link has for itself. */
export function addressesOf(device: Device | undefined): string[] {
  const own = device?.addr_info.filter(({ scope }) => scope !== 'link') ?? []
  return own.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort()
}
