import {
  addressBytesIn,
  addressText,
  coversEverything,
  familyNumber,
  familyOf,
  splitPrefix,
  unspecifiedAddress,
} from '../ip-address.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodedLength,
  keepOpaque,
  opaqueAttributes,
  toNumber,
  u8,
  u32,
  writeAttributes,
} from './attributes.js'
import { readS32, readU8, readU32, writeU32 } from './bytes.js'
import type { Family } from './common-schema.js'
import { RTA, RTM, RTNH_F_ONLINK } from './constants.js'
import { Flag, type Payload, type Request } from './message.js'
import {
  decodeMultipath,
  decodeNexthopAttribute,
  encodeMultipath,
  encodeNexthopAttributes,
} from './nexthop.js'
import { ROUTE_FIXED_BYTES } from './route-glimpse.js'
import { decodeMetrics, encodeMetrics } from './route-metrics.js'
import type { Nexthop, Route } from './route-schema.js'

/** The offsets of the fields of struct rtmsg. */
const OFFSET = {
  family: 0,
  destinationLength: 1,
  sourceLength: 2,
  typeOfService: 3,
  table: 4,
  protocol: 5,
  scope: 6,
  type: 7,
  flags: 8,
} as const
/** Marks an entry of the route cache, not of a table (linux/rtnetlink.h). */
const RTM_F_CLONED = 0x200
/** A larger table number is only in an attribute. */
const LAST_SHORT_TABLE = 255

/** Offset of rta_expires in struct rta_cacheinfo, in USER_HZ ticks of 10 ms. */
const EXPIRES_OFFSET = 8
const TICKS_PER_SECOND = 100

/**
 * Where a new route goes, if the kernel has others for the same destination, table, TOS and
 * metric: nowhere (EEXIST), before them, or after them. IPv6 puts it after them in either case. In
 * place of them: of IPv6 those are all nexthops that have a gateway.
 */
export type RoutePosition = 'alone' | 'first' | 'last' | 'instead'

const POSITION_FLAGS: Record<RoutePosition, number> = {
  alone: Flag.exclusive,
  first: 0,
  last: Flag.append,
  instead: Flag.replace,
}

/** Request to add a route; EEXIST also if an equal one exists. */
export function newRouteRequest(route: Route, position: RoutePosition = 'alone'): Request {
  const flags = Flag.create | POSITION_FLAGS[position]
  return { type: RTM.newRoute, flags, header: encodeRoute(route) }
}

/**
 * Request to remove a route. The kernel compares what the request states. Of IPv6, without a gateway it would
 * take the first route through that device, and with it all nexthops that there are.
 */
export function routeRemoval(route: Route): Request {
  const [first, ...others] = route.nexthops
  const isExact = route.family === 'inet' || !first || others.length > 0 || first.gateway
  const exact = isExact ? route : { ...route, nexthops: [{ ...first, gateway: NO_GATEWAY }] }
  return { type: RTM.deleteRoute, header: encodeRoute(exact) }
}

/** As the kernel has it in a route without one. */
const NO_GATEWAY = unspecifiedAddress('inet6')

/**
 * The fixed part of a message about a route, with the attributes after it, encoded at once: of ten
 * thousands of routes, they would take most of the memory.
 */
function encodeRoute(route: Route): Buffer {
  const attributes = encodeAttributesOf(route)
  const message = Buffer.alloc(ROUTE_FIXED_BYTES + encodedLength(attributes))
  writeFixedPart(message, route)
  writeAttributes(message, ROUTE_FIXED_BYTES, attributes)
  return message
}

/** The MTU that a route sets, in bytes. */
export function routeMtu({ metrics }: Route): number | undefined {
  return metrics?.mtu === undefined ? undefined : Number(metrics.mtu)
}

/** Undefined if the family is not IP. */
export function decodeRoute({ data }: Payload): Route | undefined {
  const family = familyOf(readU8(data, OFFSET.family))
  if (family === undefined) return undefined
  const flags = readU32(data, OFFSET.flags)
  const unspecified = unspecifiedAddress(family)
  const lengths = {
    destination: readU8(data, OFFSET.destinationLength),
    source: readU8(data, OFFSET.sourceLength),
  }
  const route: Route = {
    family,
    destination: `${unspecified}/${lengths.destination}`,
    typeOfService: readU8(data, OFFSET.typeOfService),
    table: readU8(data, OFFSET.table),
    protocol: readU8(data, OFFSET.protocol),
    scope: readU8(data, OFFSET.scope),
    type: readU8(data, OFFSET.type),
    nexthops: [],
  }
  if (flags & RTM_F_CLONED) route.cloned = true
  if (lengths.source > 0) route.source = `${unspecified}/${lengths.source}`
  const nexthop: Nexthop = { interfaceIndex: 0, weight: 1 }
  if (flags & RTNH_F_ONLINK) nexthop.onlink = true
  for (const attribute of decodeAttributes(data.subarray(ROUTE_FIXED_BYTES))) {
    if (decodeNexthopAttribute(attribute, nexthop)) continue
    decodeRouteAttribute(attribute, route, lengths)
  }
  if (nexthop.interfaceIndex !== 0) route.nexthops.push(nexthop)
  return route
}

function decodeRouteAttribute(
  attribute: Attribute,
  route: Route,
  lengths: { destination: number; source: number },
): void {
  const { type, data } = attribute
  if (type === RTA.destination) route.destination = `${addressText(data)}/${lengths.destination}`
  else if (type === RTA.source) route.source = `${addressText(data)}/${lengths.source}`
  else if (type === RTA.table) route.table = toNumber(data)
  else if (type === RTA.priority) route.priority = toNumber(data)
  else if (type === RTA.preferredSource) route.preferredSource = addressText(data)
  else if (type === RTA.metrics) route.metrics = decodeMetrics(data)
  else if (type === RTA.preference) route.preference = data[0] ?? 0
  else if (type === RTA.multipath) route.nexthops = decodeMultipath(data)
  else if (type === RTA.cacheInfo) Object.assign(route, expiry(data))
  else if (type === RTA.nexthopId) route.nexthopObject = toNumber(data)
  else keepOpaque(route, attribute)
}

/** Only IPv6 routes expire. The kernel lists one that has (less than zero) until it cleans up. */
function expiry(cacheInfo: Buffer): Pick<Route, 'expiresSeconds'> {
  const ticks = readS32(cacheInfo, EXPIRES_OFFSET)
  if (ticks === 0) return {}
  return { expiresSeconds: ticks > 0 ? Math.ceil(ticks / TICKS_PER_SECOND) : 0 }
}

function writeFixedPart(header: Buffer, route: Route): void {
  const { destination, source, table, nexthops } = route
  header[OFFSET.family] = familyNumber(route.family)
  header[OFFSET.destinationLength] = splitPrefix(destination).length
  header[OFFSET.sourceLength] = source === undefined ? 0 : splitPrefix(source).length
  header[OFFSET.typeOfService] = route.typeOfService
  header[OFFSET.table] = table > LAST_SHORT_TABLE ? 0 : table
  header[OFFSET.protocol] = route.protocol
  header[OFFSET.scope] = route.scope
  header[OFFSET.type] = route.type
  const onlink =
    route.nexthopObject === undefined && nexthops.length === 1 && nexthops[0]?.onlink === true
  writeU32(header, onlink ? RTNH_F_ONLINK : 0, OFFSET.flags)
}

/**
 * Where the address of the destination is in `header` of a request: after struct rtmsg, RTA_TABLE
 * and its own header.
 */
export const DESTINATION_START = ROUTE_FIXED_BYTES + 8 + 4

/** Without `optional`, which makes a function for each attribute that may be there. */
function encodeAttributesOf(route: Route): Attribute[] {
  const { family, destination, source, priority, preferredSource, metrics } = route
  const attributes = [u32(RTA.table, route.table)]
  if (!coversEverything(destination)) attributes.push(prefix(RTA.destination, family, destination))
  if (source !== undefined) attributes.push(prefix(RTA.source, family, source))
  if (priority !== undefined) attributes.push(u32(RTA.priority, priority))
  if (preferredSource !== undefined)
    attributes.push(bytes(RTA.preferredSource, addressBytesIn(family, preferredSource)))
  if (metrics !== undefined) attributes.push(bytes(RTA.metrics, encodeMetrics(metrics)))
  if (route.preference !== undefined) attributes.push(u8(RTA.preference, route.preference))
  if (route.expiresSeconds !== undefined) attributes.push(u32(RTA.expires, route.expiresSeconds))
  attributes.push(...nexthopAttributes(route), ...opaqueAttributes(route))
  return attributes
}

/** A route by a nexthop object has no nexthops of its own. */
function nexthopAttributes({ family, nexthopObject, nexthops }: Route): Attribute[] {
  if (nexthopObject !== undefined) return [u32(RTA.nexthopId, nexthopObject)]
  const [first] = nexthops
  if (!first) return []
  // A hop that joins others has its weight only in this form.
  const isWeighted = nexthops.length > 1 || first.weight > 1
  return isWeighted ? [encodeMultipath(family, nexthops)] : encodeNexthopAttributes(family, first)
}

function prefix(type: number, family: Family, value: string): Attribute {
  return bytes(type, addressBytesIn(family, splitPrefix(value).address))
}
