import { nearest } from '../nearest.js'
import type { Mistake } from './mistakes.js'
import { isObject } from './network.js'

/** Maximum number of entries of a list, or keys of an object, that are looked at. */
const MOST_ENTRIES = 8
/** Maximum number of characters of a key or value that is quoted. */
const QUOTED_CHARACTERS = 60
/** How deep `ipam` is looked at. */
const MOST_LEVELS = 5

const ROUTE = ['dst', 'gw', 'mtu', 'advmss', 'priority', 'table', 'scope']
const RANGE = ['subnet', 'rangeStart', 'rangeEnd', 'gateway']
const DNS = ['nameservers', 'domain', 'search', 'options']

/** What the CNI project's own IPAM plugins read, by the keys of the objects above. */
const KEYS_OF = new Map<string, Record<string, string[]>>(
  Object.entries({
    static: {
      '': ['type', 'addresses', 'routes', 'dns'],
      addresses: ['address', 'gateway'],
      routes: ROUTE,
      dns: DNS,
    },
    'host-local': {
      '': ['type', 'ranges', 'routes', 'resolvConf', 'dataDir', ...RANGE],
      ranges: RANGE,
      routes: ROUTE,
    },
    dhcp: {
      '': ['type', 'daemonSocketPath', 'priority', 'provide', 'request'],
      provide: ['option', 'value', 'fromArg'],
      request: ['option', 'skipDefault'],
    },
  }),
)

/** The likely mistakes in `ipam`, which is another plugin's. */
export function mistakesInIpam(ipam: unknown): Mistake[] {
  if (!isObject(ipam)) return []
  const path = ['ipam']
  if (!ipam.type && Object.keys(ipam).length > 0) {
    const others = Object.keys(ipam).filter((key) => key !== 'type')
    const wrong = others.find((key) => nearest(key, ['type']) !== undefined)
    const hint =
      wrong === undefined
        ? 'such as "static", "host-local" or "dhcp"'
        : `${quote(wrong)} is no key of it`
    return [
      { path, text: `"ipam" has no "type", so no IPAM plugin is called; write which, ${hint}` },
    ]
  }
  const { type } = ipam
  const keysOf = new Map(Object.entries(KEYS_OF.get(String(type)) ?? {}))
  return [...mistakesInValues(ipam, path, 0, keysOf)]
}

function* mistakesInValues(
  value: unknown,
  path: (string | number)[],
  level: number,
  keysOf: Map<string, string[]>,
): Generator<Mistake> {
  if (level > MOST_LEVELS) return
  if (typeof value === 'string') {
    const [, address, netmask] = /^([0-9.]+)\/(\d+\.\d+\.\d+\.\d+)$/.exec(value) ?? []
    const length = prefixLength(netmask)
    if (address !== undefined)
      yield {
        path,
        text: `${quote(value)} has a netmask; write a prefix length${length === undefined ? '' : `: "${address}/${length}"`}`,
      }
    else if (path.at(-1) === 'table')
      yield {
        path,
        text: `a table is a number here, not ${quote(value)}; /etc/iproute2/rt_tables has the numbers, main is 254`,
      }
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value).slice(0, MOST_ENTRIES)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key]
    if (isObject(value)) yield* misspelled(key, place, keysOf)
    yield* mistakesInValues(inner, place, level + 1, keysOf)
  }
}

/** Go takes a key in any case. */
function* misspelled(
  key: string,
  place: (string | number)[],
  keysOf: Map<string, string[]>,
): Generator<Mistake> {
  const above = place.slice(1, -1).filter((part) => typeof part === 'string')
  const known = keysOf.get(above.join('.')) ?? []
  if (known.some((one) => one.toLowerCase() === key.toLowerCase())) return
  const meant = nearest(key, known)
  if (meant !== undefined)
    yield {
      path: place,
      text: `the IPAM plugin has no key ${quote(place.join('.'))}; is "${meant}" meant?`,
    }
}

/** Undefined for what is no netmask. */
function prefixLength(netmask = ''): number | undefined {
  const bits = netmask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
  return /^1*0*$/.test(bits) && bits.length === 32 ? bits.replaceAll('0', '').length : undefined
}

/** A key or value, shortened. */
export function quote(value: unknown): string {
  return JSON.stringify(value).slice(0, QUOTED_CHARACTERS)
}
