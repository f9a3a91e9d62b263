export type Json = Record<string, unknown>
export type Rule = Json

/** A device and all that is its own, as `ip -json` shows it. */
export interface DeviceState {
  link: Json & { ifname: string; address: string; flags: string[]; num_tx_queues: number }
  addresses: Json[]
  routes: Json[]
  neighbors: Json[]
}

/** What there is in a network namespace, without what changes by itself. */
export interface Snapshot {
  devices: DeviceState[]
  /** Without the three that every namespace has. */
  rules: Rule[]
  /** Those of no device, or of several. */
  routes: Json[]
}

/** What a test has to know to look into a namespace, also one that has no name any more. */
export interface Place {
  /** Such as /run/netns/x or /proc/1/ns/net. */
  path: string
}

/** What to ask `ip` for all neighbours. */
export const NEIGHBOR_QUESTIONS = ['neighbour show', 'neighbour show proxy']

/** What `ip` said of a namespace, without what passes by itself. */
export function snapshotOf(
  links: Json[],
  routes: Json[],
  { learned, proxies }: { learned: Json[]; proxies: Json[] },
  rules: Json[],
): Snapshot {
  const neighbors = [...learned.filter(isPermanent), ...proxies]
  const steadyRoutes = routes.map(steadyRoute)
  const ofDevice = (things: Json[], name: unknown) =>
    sorted(things.filter(({ dev }) => dev === name))
  return {
    devices: links.map(({ addr_info, ...link }) => ({
      link: steadyLink(link) as DeviceState['link'],
      addresses: sorted((addr_info as Json[]).map(steadyAddress)),
      routes: ofDevice(steadyRoutes, link.ifname),
      neighbors: ofDevice(neighbors, link.ifname),
    })),
    rules: sorted(rules.filter(isOwnRule).map(steadyRule)),
    routes: sorted(steadyRoutes.filter(({ dev }) => dev === undefined)),
  }
}

/** As `isSettled` of settled.ts, for what `ip -json` says. */
export function isSettled({ flags, operstate, ifname, addr_info }: Json, routes: Json[]): boolean {
  const has = (flag: string) => (flags as string[]).includes(flag)
  if (!has('UP')) return true
  // It has no IPv6 before somebody wakes it.
  if (operstate === 'DORMANT') return true
  if (has('LOWER_UP') !== ['UP', 'UNKNOWN'].includes(operstate as string)) return false
  if (!has('LOWER_UP')) return true
  return (addr_info as Json[]).every(
    ({ family, tentative, local }) =>
      family === 'inet' ||
      (!tentative &&
        routes.some(({ type, dst, dev }) => type === 'local' && dst === local && dev === ifname)),
  )
}

const isPermanent = ({ state }: Json) => (state as string[]).includes('PERMANENT')
const isOwnRule = ({ protocol }: Json) => protocol !== 'kernel'

const PASSING_FLAGS = ['LOWER_UP', 'NO-CARRIER', 'M-DOWN']

/** Without what other devices and namespaces do to a link, and without its counters. */
function steadyLink({ ifindex, operstate, promiscuity, allmulti, linkinfo, ...link }: Json): Json {
  const { link: _, link_index, link_netnsid, qdisc, ...rest } = link
  const flags = (link.flags as string[]).filter((flag) => !PASSING_FLAGS.includes(flag))
  const kind = (linkinfo as Json | undefined)?.info_kind
  return { ...rest, flags, kind }
}

const FOR_EVER = 4294967295

function steadyAddress(address: Json): Json {
  const { valid_life_time: valid, preferred_life_time: preferred, ...rest } = address
  const lasts = (seconds: unknown) => (seconds === FOR_EVER || seconds === 0 ? seconds : 'a while')
  return { ...rest, valid: lasts(valid), preferred: lasts(preferred) }
}

function steadyRoute({ flags, expires, ...route }: Json): Json {
  return route
}

/** The device that a rule names may be away. */
function steadyRule({ iif_detached, oif_detached, ...rule }: Json): Json {
  return rule
}

function sorted(things: Json[]): Json[] {
  const text = (thing: Json) => JSON.stringify(thing)
  return things.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}
