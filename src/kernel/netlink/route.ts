import {
  __LENGTH_Route,
  formatRoute,
  parseRoute,
  parseRouteCacheInfo,
  RouteScope,
} from 'netlink/dist/rt/gen_structs'
import { type NetlinkMessage, readU32 } from 'netlink/dist/structs'
import {
  addressBytes,
  addressText,
  familyNumber,
  familyOf,
  splitPrefix,
  unspecifiedAddress,
} from '../ip-address.js'
import type { Family } from '../objects/family.js'
import type { Hop, Route } from '../objects/route.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  keepOpaque,
  opaqueAttributes,
  toNumber,
  u32,
} from './attributes.js'
import { decodeHopAttribute, decodeMultipath, encodeHopAttributes, encodeMultipath } from './hop.js'
import { hopsOfNexthopObjects } from './nexthop.js'
import { Flag, MessageType, type Request } from './request.js'
import { RTA, RTNH_F_ONLINK } from './route-attributes.js'
import { decodeMetrics, encodeMetrics } from './route-metrics.js'
import type { RouteSocket } from './route-socket.js'

const RTM_F_CLONED = 0x200
/** Table numbers above this are only in an attribute. */
const LAST_SHORT_TABLE = 255

/**
 * All routes of both families, in every table.
 * @param index of the device that a hop must leave by; left out, any will do
 */
export function dumpRoutes(socket: RouteSocket, index?: number): Route[] {
  return [...dumpFamily(socket, 'inet', index), ...dumpFamily(socket, 'inet6', index)]
}

function dumpFamily(socket: RouteSocket, family: Family, index?: number): Route[] {
  const answers = socket.dump({
    type: MessageType.GETROUTE,
    header: formatRoute({ family: familyNumber(family) }),
    attributes: index === undefined ? [] : [u32(RTA.oif, index)],
  })
  const routes = answers.map(decodeRoute).filter((route) => route?.family === family)
  const all = withHops(socket, routes as Route[])
  if (index === undefined) return all
  return all.filter((route) => route.hops.some((hop) => hop.interfaceIndex === index))
}

/** The kernel may leave it to us to find out what a nexthop object stands for. */
function withHops(socket: RouteSocket, routes: Route[]): Route[] {
  const isUnresolved = ({ hops, nexthopObject }: Route) =>
    hops.length === 0 && nexthopObject !== undefined
  if (!routes.some(isUnresolved)) return routes
  const hopsOf = hopsOfNexthopObjects(socket)
  return routes.map((route) =>
    isUnresolved(route) ? { ...route, hops: hopsOf(route.nexthopObject ?? 0) } : route,
  )
}

/** A request that adds the route; it fails with EEXIST where one like it is there. */
export function newRouteRequest(route: Route): Request {
  return {
    type: MessageType.NEWROUTE,
    flags: Flag.create | Flag.exclusive,
    ...encodeRoute(route),
  }
}

/** The MTU that a route sets, in bytes. */
export function routeMtu({ metrics }: Route): number | undefined {
  return metrics?.mtu === undefined ? undefined : Number(metrics.mtu)
}

/** Undefined for a family that is not IP. */
export function decodeRoute({ data }: Pick<NetlinkMessage, 'data'>): Route | undefined {
  const fixed = parseRoute(data.subarray(0, __LENGTH_Route))
  const family = familyOf(fixed.family)
  if (family === undefined) return undefined
  const flags = readU32.call(data, 8)
  const unspecified = unspecifiedAddress(family)
  const route: Route = {
    family,
    destination: `${unspecified}/${fixed.dstLen}`,
    typeOfService: fixed.tos ?? 0,
    table: fixed.table ?? 0,
    protocol: fixed.protocol ?? 0,
    scope: scopeNumber(fixed.scope),
    type: fixed.type ?? 0,
    hops: [],
  }
  if (flags & RTM_F_CLONED) route.cloned = true
  if (fixed.srcLen) route.source = `${unspecified}/${fixed.srcLen}`
  const hop: Hop = { interfaceIndex: 0, weight: 1 }
  if (flags & RTNH_F_ONLINK) hop.onlink = true
  for (const attribute of decodeAttributes(data.subarray(__LENGTH_Route))) {
    if (decodeHopAttribute(attribute, hop)) continue
    decodeRouteAttribute(attribute, route, fixed)
  }
  if (hop.interfaceIndex !== 0) route.hops.push(hop)
  return route
}

function decodeRouteAttribute(
  attribute: Attribute,
  route: Route,
  fixed: { dstLen?: number; srcLen?: number },
): void {
  const value = attribute.data
  if (attribute.type === RTA.dst) route.destination = `${addressText(value)}/${fixed.dstLen}`
  else if (attribute.type === RTA.src) route.source = `${addressText(value)}/${fixed.srcLen}`
  else if (attribute.type === RTA.table) route.table = toNumber(value)
  else if (attribute.type === RTA.priority) route.priority = toNumber(value)
  else if (attribute.type === RTA.prefsrc) route.preferredSource = addressText(value)
  else if (attribute.type === RTA.metrics) route.metrics = decodeMetrics(value)
  else if (attribute.type === RTA.preference) route.preference = value[0] ?? 0
  else if (attribute.type === RTA.multipath) route.hops = decodeMultipath(value)
  else if (attribute.type === RTA.cacheInfo) Object.assign(route, expiry(value))
  else if (attribute.type === RTA.nexthopObject) route.nexthopObject = toNumber(value)
  else keepOpaque(route, attribute)
}

/** Only IPv6 routes expire; a clock tick of the kernel's interface is 10 ms. */
function expiry(data: Buffer): Pick<Route, 'expiresSeconds'> {
  const { expires = 0 } = parseRouteCacheInfo(data)
  return expires > 0 ? { expiresSeconds: Math.ceil(expires / 100) } : {}
}

function encodeRoute(route: Route): Pick<Request, 'header' | 'attributes'> {
  const [only] = route.hops
  const header = formatRoute({
    family: familyNumber(route.family),
    dstLen: splitPrefix(route.destination).length,
    srcLen: route.source === undefined ? 0 : splitPrefix(route.source).length,
    tos: route.typeOfService,
    table: route.table > LAST_SHORT_TABLE ? 0 : route.table,
    protocol: route.protocol as never,
    scope: route.scope,
    type: route.type as never,
    flags: { __unknown: route.hops.length === 1 && only?.onlink ? RTNH_F_ONLINK : 0 },
  })
  const attributes = [u32(RTA.table, route.table)]
  if (splitPrefix(route.destination).length > 0) attributes.push(prefix(RTA.dst, route.destination))
  if (route.source !== undefined) attributes.push(prefix(RTA.src, route.source))
  if (route.priority !== undefined) attributes.push(u32(RTA.priority, route.priority))
  if (route.preferredSource !== undefined)
    attributes.push(bytes(RTA.prefsrc, addressBytes(route.preferredSource)))
  if (route.metrics !== undefined)
    attributes.push(bytes(RTA.metrics, encodeAttributes(encodeMetrics(route.metrics))))
  if (route.preference !== undefined)
    attributes.push(bytes(RTA.preference, Buffer.from([route.preference])))
  if (route.expiresSeconds !== undefined) attributes.push(u32(RTA.expires, route.expiresSeconds))
  if (route.hops.length === 1 && only) attributes.push(...encodeHopAttributes(only))
  else if (route.hops.length > 1) attributes.push(encodeMultipath(route.hops))
  return { header, attributes: attributes.concat(opaqueAttributes(route)) }
}

function prefix(type: number, value: string): Attribute {
  return bytes(type, addressBytes(splitPrefix(value).address))
}

function scopeNumber(scope: unknown): number {
  return typeof scope === 'string' ? RouteScope[scope as keyof typeof RouteScope] : Number(scope)
}
