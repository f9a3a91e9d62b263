import {
  type Attribute,
  dataOf,
  decodeAttributes,
  encodeAttributes,
  text,
  toNumber,
  toText,
  u32,
} from './attributes.js'
import type { DriverSettings } from './link-schema.js'

/** In `IFLA.linkInfo` (IFLA_INFO_* of linux/if_link.h). */
export const LINK_INFO = { kind: 1, data: 2 } as const

/** A kind of device whose driver takes changes from whoever rules its namespace. */
interface Kind {
  /**
   * Whether attributes can be sent back one by one. Other kinds take an absent one for its default,
   * or add what they are sent to what there is.
   */
  isRestored: boolean
  /** Attributes that are reported, and cannot be set. */
  reported?: readonly number[]
  /** A list whose order says nothing. */
  list?: number
  /** What the driver has where an attribute is not reported, if that is not zero. */
  absent?: Record<number, Buffer>
  /** Makes attributes that the driver takes of those that it reports. */
  complete?: (changes: Attribute[], original: Map<number, Attribute>) => Attribute[]
}

/** IFLA_MACVLAN_* of linux/if_link.h. */
const MACVLAN = { mode: 1, listMode: 3, list: 5, listLength: 6, usedQueueLength: 8, cutoff: 9 }
const MACVLAN_MODE_SOURCE = 16
const MACVLAN_MACADDR_FLUSH = 2
const MACVLAN_MACADDR_SET = 3

/** IFLA_VXLAN_LINK of linux/if_link.h. */
const VXLAN_LINK = 3

const MACVLAN_KIND: Kind = {
  isRestored: true,
  reported: [MACVLAN.listLength, MACVLAN.usedQueueLength],
  list: MACVLAN.list,
  absent: { [MACVLAN.cutoff]: u32(0, 1).data },
  complete: completeMacvlan,
}
const PLAIN_KIND: Kind = { isRestored: true }
const WHOLE_KIND: Kind = { isRestored: false }

const KINDS = new Map<string, Kind>([
  ['macvlan', MACVLAN_KIND],
  ['macvtap', MACVLAN_KIND],
  ['ipvlan', PLAIN_KIND],
  ['ipvtap', PLAIN_KIND],
  ['vxlan', PLAIN_KIND],
  ...['vlan', 'geneve', 'gre', 'gretap', 'ipip', 'sit', 'ip6gre', 'ip6gretap', 'ip6tnl'].map(
    (name): [string, Kind] => [name, WHOLE_KIND],
  ),
])

/** The settings in IFLA_LINKINFO, as bytes; undefined for a kind that has none to keep. */
export function decodeDriverSettings(linkInfo: Buffer): DriverSettings | undefined {
  const attributes = decodeAttributes(linkInfo)
  const kind = dataOf(attributes, LINK_INFO.kind)
  if (!kind || !KINDS.has(toText(kind))) return undefined
  const data = dataOf(attributes, LINK_INFO.data)
  return data && { kind: toText(kind), data: data.toString('hex') }
}

/** The content of IFLA_LINKINFO that gives a device these. */
export function encodeDriverSettings({ kind, data }: DriverSettings): Attribute[] {
  return [
    text(LINK_INFO.kind, kind),
    { type: LINK_INFO.data, nested: true, data: Buffer.from(data, 'hex') },
  ]
}

/** What a macvlan is given so that it forgets the MACs from which it receives; undefined for another kind. */
export function withoutSources({ kind }: DriverSettings): DriverSettings | undefined {
  if (KINDS.get(kind) !== MACVLAN_KIND) return undefined
  const forget = encodeAttributes([u32(MACVLAN.listMode, MACVLAN_MACADDR_FLUSH)])
  return { kind, data: forget.toString('hex') }
}

/** Whether the driver can be given back what a pod has changed. */
export function canBeRestored({ kind }: DriverSettings): boolean {
  return KINDS.get(kind)?.isRestored === true
}

/** The index of the device beneath a vxlan, in the namespace in which that was made. */
export function indexBeneath(settings: DriverSettings | undefined): number | undefined {
  if (settings?.kind !== 'vxlan') return undefined
  const link = byType(settings).get(VXLAN_LINK)
  return link && toNumber(link.data)
}

/** What has to be set so that a driver has the settings of `original` again; undefined if nothing. */
export function driverDifference(
  original: DriverSettings | undefined,
  now: DriverSettings | undefined,
): DriverSettings | undefined {
  const kind = original && KINDS.get(original.kind)
  if (!kind || !now || original.kind !== now.kind || original.data === now.data) return undefined
  const [before, after] = [byType(original), byType(now)]
  const { reported = [], absent = {}, complete = (changes) => changes } = kind
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (type) =>
      !reported.includes(type) &&
      comparable(kind, before.get(type)) !== comparable(kind, after.get(type)),
  )
  if (differing.length === 0) return undefined
  const changes = differing.map((type) => {
    const zeros = Buffer.alloc(after.get(type)?.data.length ?? 0)
    return before.get(type) ?? { type, data: absent[type] ?? zeros }
  })
  return {
    kind: original.kind,
    data: encodeAttributes(complete(changes, before)).toString('hex'),
  }
}

function byType({ data }: DriverSettings): Map<number, Attribute> {
  const attributes = decodeAttributes(Buffer.from(data, 'hex'))
  return new Map(attributes.map((attribute) => [attribute.type, attribute]))
}

function comparable({ list }: Kind, attribute: Attribute | undefined): string | undefined {
  if (!attribute || attribute.type !== list) return attribute?.data.toString('hex')
  const members = decodeAttributes(attribute.data).map(({ data }) => data.toString('hex'))
  return members.toSorted().join()
}

/**
 * The MACs from which a macvlan in mode `source` receives come as a list of them, which is set as a
 * whole. Another mode has none: the driver forgets them when it is given that mode.
 */
function completeMacvlan(changes: Attribute[], original: Map<number, Attribute>): Attribute[] {
  const { mode, list, listMode } = MACVLAN
  if (!changes.some(({ type }) => type === list)) return changes
  const [originalMode, originalList] = [original.get(mode), original.get(list)]
  const isSource = originalMode && toNumber(originalMode.data) === MACVLAN_MODE_SOURCE
  return [
    ...changes.filter(({ type }) => type !== mode && type !== list),
    ...(originalMode ? [originalMode] : []),
    ...(isSource ? [u32(listMode, MACVLAN_MACADDR_SET)] : []),
    ...(isSource && originalList ? [originalList] : []),
  ]
}
