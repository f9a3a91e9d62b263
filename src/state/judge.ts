import { isLinkLocal, prefixCovers } from '../kernel/ip-address.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import {
  ADDRESS_FLAG,
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
  SCOPE,
  TABLE,
} from '../kernel/netlink/constants.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import {
  isConnectedRoute,
  makesPrefixRoute,
  PREFIX_METRIC,
  prefixKey,
  prefixKeys,
} from './connected-route.js'
import type { Reason } from './reasons.js'
import { isDefaultRoute } from './routes.js'

/** Which addresses with a lifetime are carried, and whether they keep what is left of it. */
type DynamicAddresses =
  | 'drop'
  | 'ipv4'
  | 'all'
  | { carry: 'ipv4' | 'all'; lifetime?: 'forever' | 'remaining' }

/** What the configuration asks to carry. The keys are the configuration's. */
export interface CapturePolicy {
  useInterfaceNetwork: boolean
  dynamicAddresses: DynamicAddresses
  routes: boolean | { default?: boolean }
  routeMetric?: number
  rules: boolean
  neighbors: 'none' | 'permanent' | 'all'
  sysctls: string[] | 'all'
}

/** Since Linux 5.18 the kernel sets this protocol on an address from a router advertisement. */
const IFAPROT_KERNEL_RA = 2

/** Since Linux 5.18 the kernel sets this protocol on the link-local address that it makes. */
const IFAPROT_KERNEL_LL = 3

/** The reason to leave an address behind; undefined if it is carried. */
export function reasonToLeaveAddress(
  address: Address,
  { dynamicAddresses }: Pick<CapturePolicy, 'dynamicAddresses'>,
): Reason | undefined {
  const { scope, family, flags, protocol } = address
  const has = (flag: keyof typeof ADDRESS_FLAG) => (flags & ADDRESS_FLAG[flag]) !== 0
  if (scope === SCOPE.host) return 'host-scope'
  if (scope === SCOPE.link) {
    const isKernelMade = protocol === IFAPROT_KERNEL_LL || has('stablePrivacy')
    return family === 'inet6' && isKernelMade ? 'link-local' : 'link-scope'
  }
  if (has('dadfailed')) return 'duplicate'
  if (has('permanent')) return undefined
  // IFA_F_TEMPORARY is the same bit as IFA_F_SECONDARY, which IPv4 uses.
  if (family === 'inet6' && has('secondary')) return 'temporary'
  if (isAutoconfigured(address)) return 'autoconfigured'
  const carry = typeof dynamicAddresses === 'string' ? dynamicAddresses : dynamicAddresses.carry
  if (carry === 'all') return undefined
  return carry === 'ipv4' && family === 'inet' ? undefined : 'dynamic'
}

/** Whether a router advertisement gave an address. */
export function isAutoconfigured({ flags, protocol }: Address): boolean {
  return (flags & ADDRESS_FLAG.managetempaddr) !== 0 || protocol === IFAPROT_KERNEL_RA
}

/**
 * The reason to leave a route behind; undefined if it is carried.
 * @param addresses all addresses of the device
 * @param ownTable the table in which the kernel makes the routes of the device
 */
export function reasonToLeaveRoute(
  route: Route,
  addresses: Address[],
  ownTable: number = TABLE.main,
): Reason | undefined {
  const { table, protocol, destination } = route
  if (table === TABLE.local)
    return protocol === ROUTE_PROTOCOL.kernel ? 'kernel-made' : 'local-table'
  if (route.cloned) return 'cache-entry'
  if (route.expiresSeconds === 0) return 'expired'
  if (protocol === ROUTE_PROTOCOL.ra) return 'router-advertisement'
  if (protocol === ROUTE_PROTOCOL.redirect) return 'redirect'
  const isKernelMade = isConnectedRoute(route, addresses, ownTable)
  if (isLinkLocal(destination)) return isKernelMade ? 'link-local' : 'link-scope'
  if (!isKernelMade) return undefined
  return route.family === 'inet' || route.type !== ROUTE_TYPE.unicast
    ? 'kernel-made'
    : reasonOfPrefix(route, addresses)
}

/** A route that the kernel makes for what a router advertises has no mark of its own. */
function reasonOfPrefix(route: Route, addresses: Address[]): Reason | undefined {
  const key = prefixKey(route)
  const isMade = (address: Address) =>
    (makesPrefixRoute(address) && prefixKeys(address)[0] === key) ||
    route.destination === `${address.peer}/128`
  if (addresses.some(isMade)) return 'kernel-made'
  const isOfPeer = addresses.some((address) => prefixKeys(address)[1] === key)
  const isInside = addresses.some(({ local }) => prefixCovers(route.destination, local))
  const isAnother = isInside && route.priority !== PREFIX_METRIC
  return isOfPeer || isAnother ? undefined : 'router-advertisement'
}

/** The reason to leave a route behind that could be carried: it is a default route. */
export function reasonToLeaveDefaultRoute(
  route: Route,
  { routes }: Pick<CapturePolicy, 'routes'>,
): Reason | undefined {
  if (typeof routes === 'boolean' || routes.default !== false) return undefined
  return isDefaultRoute(route) ? 'not-asked-for' : undefined
}

/**
 * Tables that every namespace has, and no table (RT_TABLE_UNSPEC). A rule for one of them is not
 * related to the device just because a carried route is in that table.
 */
const COMMON_TABLES: number[] = [0, ...Object.values(TABLE)]

const DEFAULT_PRIORITIES = [0, 32766, 32767]

const SELECTORS = [
  'from',
  'to',
  'inputInterface',
  'outputInterface',
  'firewallMark',
  'protocol',
  'sourcePorts',
  'destinationPorts',
  'users',
  'suppressPrefixLength',
] as const

/** Carried objects that can make a rule relevant. */
export interface Belongings {
  deviceName: string
  addresses: Address[]
  routes: Route[]
}

/** The reason to leave a policy rule of the host behind; undefined if it is carried. */
export function reasonToLeaveRule(rule: Rule, belongings: Belongings): Reason | undefined {
  if (isDefaultRule(rule)) return 'default-rule'
  const { deviceName, addresses, routes } = belongings
  const interfaces = [rule.inputInterface, rule.outputInterface].filter(
    (name) => name !== undefined,
  )
  // `iif lo` matches locally generated packets; it works in every namespace.
  const others = interfaces.filter((name) => name !== deviceName && name !== 'lo')
  if (others.length > 0) return 'other-device'
  const belongs =
    interfaces.includes(deviceName) || coversAddress(rule, addresses) || hasRoute(rule, routes)
  if (!belongs) return 'unrelated'
  return rule.action === RULE_ACTION.goto ? 'goto' : undefined
}

function isDefaultRule(rule: Rule): boolean {
  return (
    COMMON_TABLES.includes(rule.table) &&
    DEFAULT_PRIORITIES.includes(rule.priority) &&
    rule.action === RULE_ACTION.toTable &&
    SELECTORS.every((selector) => rule[selector] === undefined)
  )
}

function coversAddress(rule: Rule, addresses: Address[]): boolean {
  const prefixes = [rule.from, rule.to].filter((prefix) => prefix !== undefined)
  return addresses.some(({ local }) => prefixes.some((prefix) => prefixCovers(prefix, local)))
}

function hasRoute(rule: Rule, routes: Route[]): boolean {
  if (COMMON_TABLES.includes(rule.table)) return false
  return routes.some(({ table, family }) => table === rule.table && family === rule.family)
}

const EVERYBODY = 'ff:ff:ff:ff:ff:ff'
const MULTICAST = { inet: '224.0.0.0/4', inet6: 'ff00::/8' }

/** The reason to leave a neighbour entry behind; undefined if it is carried. */
export function reasonToLeaveNeighbor(
  { family, address, hardwareAddress, flags, state }: Neighbor,
  { neighbors }: Pick<CapturePolicy, 'neighbors'>,
): Reason | undefined {
  if (prefixCovers(MULTICAST[family], address)) return 'multicast'
  if (neighbors === 'none') return 'not-asked-for'
  if (flags & NEIGHBOR_FLAG.proxy || state & NEIGHBOR_STATE.permanent) return undefined
  const isNoarp = (state & NEIGHBOR_STATE.noarp) !== 0
  if (isNoarp && hardwareAddress === EVERYBODY) return 'learned'
  if (isNoarp && neighbors === 'permanent') return 'noarp'
  const known = hardwareAddress !== undefined && (state & NEIGHBOR_STATE.failed) === 0
  return neighbors === 'all' && known ? undefined : 'learned'
}
