import { addressBytes, addressText, canonicalPrefix, splitPrefix } from '../kernel/ip-address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import { ROUTE_PROTOCOL, ROUTE_TYPE, SCOPE, TABLE } from '../kernel/netlink/constants.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { inRouteOf } from '../kernel/netlink/route-dump.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import type { StateToApply } from './carry.js'

/** Addresses and routes of an IPAM result. */
export interface Assignment {
  /** `address` is ADDRESS/LENGTH; `gateway` is used for routes without a gateway. */
  ips?: { address: string; gateway?: string | undefined }[] | undefined
  routes?: AssignedRoute[] | undefined
}

interface AssignedRoute {
  dst: string
  gw?: string | undefined
  mtu?: number | undefined
  advmss?: number | undefined
  priority?: number | undefined
  table?: number | undefined
  scope?: number | undefined
}

/** From this prefix length on (RFC 3021) there is no broadcast address. */
const POINT_TO_POINT_LENGTH = 31

/**
 * The state to apply for an assignment. IPv6 addresses are new on this link, so duplicate address
 * detection runs.
 */
export function assignedState({ ips = [], routes = [] }: Assignment, device: Link): StateToApply {
  const addresses = ips.map(({ address }) => assignedAddress(address))
  const gateway = (family: Family) =>
    ips.find((ip) => ip.gateway !== undefined && familyIn(ip.address) === family)?.gateway
  const hasIpv6 = addresses.some(({ family }) => family === 'inet6')
  return {
    up: true,
    addresses,
    routes: routes.map((route) =>
      assignedRoute(route, route.gw ?? gateway(familyIn(route.dst)), device),
    ),
    rules: [],
    neighbors: [],
    // As upstream's ipam.ConfigureIface does: IPv6 addresses survive link down.
    sysctls: hasIpv6 ? [{ name: 'net.ipv6.conf.keep_addr_on_down', value: '1' }] : [],
    detectDuplicates: true,
  }
}

function assignedAddress(prefix: string): Address {
  const { address, length } = splitPrefix(prefix)
  const family = familyIn(address)
  const bytes = addressBytes(address)
  const hasBroadcast = family === 'inet' && length < POINT_TO_POINT_LENGTH
  return {
    family,
    local: addressText(bytes),
    prefixLength: length,
    ...(hasBroadcast ? { broadcast: addressText(lastOf(bytes, length)) } : {}),
    scope: SCOPE.universe,
    flags: 0,
  }
}

/**
 * The last address of an IPv4 network.
 * @param address any address of the network
 */
function lastOf(address: Buffer, prefixLength: number): Buffer {
  const last = Buffer.alloc(4)
  last.writeUInt32BE((address.readUInt32BE() | (0xffffffff >>> prefixLength)) >>> 0)
  return last
}

/** The most that the kernel keeps of these metrics, whatever is asked for (fib_metrics.c). */
const MOST_MTU = 65_520
const MOST_ADVMSS = 65_495

/** As the kernel will have it: without the metrics and the priority that are 0, and in table main for 0. */
function assignedRoute(route: AssignedRoute, gateway: string | undefined, device: Link): Route {
  const { dst, mtu, advmss, priority, table } = route
  const family = familyIn(dst)
  const onLink = family === 'inet' && gateway === undefined
  const metrics = {
    ...(mtu ? { mtu: Math.min(mtu, MOST_MTU) } : {}),
    ...(advmss ? { advmss: Math.min(advmss, MOST_ADVMSS) } : {}),
  }
  return {
    family,
    destination: canonicalPrefix(dst),
    typeOfService: 0,
    table: table || TABLE.main,
    protocol: ROUTE_PROTOCOL.boot,
    scope: route.scope ?? (onLink ? SCOPE.link : SCOPE.universe),
    type: ROUTE_TYPE.unicast,
    ...(priority ? { priority } : {}),
    ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
    nexthops: [
      inRouteOf(family, {
        interfaceIndex: device.index,
        ...(gateway === undefined ? {} : { gateway: addressText(addressBytes(gateway)) }),
        weight: 1,
      }),
    ],
  }
}

function familyIn(text: string): Family {
  return text.includes(':') ? 'inet6' : 'inet'
}
