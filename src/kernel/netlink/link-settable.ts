import { type Attribute, toNumber, u32 } from './attributes.js'
import type { Settable } from './link-schema.js'

/**
 * Attributes of a link that its pod can set, and that a move does not reset (IFLA_* of
 * linux/if_link.h). Each is a number of 32 bits.
 */
const ATTRIBUTES = {
  transmitQueueLength: 13,
  group: 27,
  gsoMaxSegments: 40,
  gsoMaxSize: 41,
  groMaxSize: 58,
  gsoIpv4MaxSize: 63,
  groIpv4MaxSize: 64,
} as const

export const SETTABLE_TYPES: number[] = Object.values(ATTRIBUTES)

const NAMES = new Map(
  Object.entries(ATTRIBUTES).map(([name, type]) => [type as number, name as SettableName]),
)

/** Flags of the same sort (IFF_* of linux/if.h). */
const FLAGS = {
  debug: 0x4,
  notrailers: 0x20,
  noarp: 0x80,
  promiscuous: 0x100,
  allMulticast: 0x200,
  multicast: 0x1000,
  portSelection: 0x2000,
  autoMedia: 0x4000,
  dynamic: 0x8000,
}
/** All of them, as the mask of a change. */
export const SETTABLE_FLAGS = Object.values(FLAGS).reduce((all, flag) => all | flag, 0)

type SettableName = keyof typeof ATTRIBUTES

/** Takes an attribute over into `settable`, if it is one of these. */
export function decodeSettable({ type, data }: Attribute, settable: Settable): void {
  const name = NAMES.get(type)
  if (name && data.length === 4) settable[name] = toNumber(data)
}

/** The attributes of a message that sets these; the flags go into its fixed part. */
export function encodeSettable({ flags: _, ...numbers }: Settable): Attribute[] {
  return Object.entries(numbers).map(([name, value]) =>
    u32(ATTRIBUTES[name as SettableName], value),
  )
}

/** What has to be set so that a link has the values of `original` again; undefined if nothing. */
export function settableDifference(
  original: Settable = {},
  now: Settable = {},
): Settable | undefined {
  const differing = Object.entries(original).filter(
    ([name, value]) => now[name as keyof Settable] !== value,
  )
  return differing.length === 0 ? undefined : Object.fromEntries(differing)
}
