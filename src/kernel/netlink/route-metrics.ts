import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  text,
  toNumber,
  toText,
  u32,
} from './attributes.js'
import type { Route } from './route-schema.js'

/** `ip route` names of RTAX_LOCK (1), RTAX_MTU (2), and so on, in the kernel's order. */
const NAMES = [
  'lock',
  'mtu',
  'window',
  'rtt',
  'rttvar',
  'ssthresh',
  'cwnd',
  'advmss',
  'reordering',
  'hoplimit',
  'initcwnd',
  'features',
  'rto_min',
  'initrwnd',
  'quickack',
  'congctl',
  'fastopen_no_cookie',
]

/** The only metric that is a text. */
const CONGESTION_CONTROL = NAMES.indexOf('congctl') + 1

type Metrics = NonNullable<Route['metrics']>

/**
 * Decodes RTA_METRICS. A metric without a name here gets the key `#TYPE` and its bytes in
 * hexadecimal.
 */
export function decodeMetrics(data: Buffer): Metrics {
  return Object.fromEntries(
    decodeAttributes(data).map(({ type, data: value }) => {
      const name = NAMES[type - 1]
      if (name === undefined) return [`#${type}`, value.toString('hex')]
      return [name, type === CONGESTION_CONTROL ? toText(value) : toNumber(value)]
    }),
  )
}

/** Encodes the data of RTA_METRICS. */
export function encodeMetrics(metrics: Metrics): Buffer {
  return encodeAttributes(Object.entries(metrics).map(encodeMetric))
}

function encodeMetric([name, value]: [string, number | string]): Attribute {
  if (name.startsWith('#')) return bytes(Number(name.slice(1)), Buffer.from(`${value}`, 'hex'))
  const type = NAMES.indexOf(name) + 1
  return typeof value === 'string' ? text(type, value) : u32(type, value)
}

/** Names of the locked metrics (RTAX_LOCK). */
export function lockedMetrics(metrics: Metrics): string[] {
  const mask = Number(metrics.lock ?? 0)
  return NAMES.filter((_, n) => (mask & (1 << (n + 1))) !== 0)
}
