import { prefixCovers } from '../kernel/ip-address.js'
import type { Address } from '../kernel/objects/address.js'
import type { Route } from '../kernel/objects/route.js'
import type { Rule } from '../kernel/objects/rule.js'
import type { Reason } from './reasons.js'

/** Tables every namespace has: that a carried route is in one says nothing about a rule. */
const COMMON_TABLES = [0, 253, 254, 255]

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

/** What is carried of the device that a rule may be about. */
export interface Belongings {
  deviceName: string
  addresses: Address[]
  routes: Route[]
}

/** Why a policy rule of the host stays behind; undefined where it is carried. */
export function reasonToLeaveRule(rule: Rule, belongings: Belongings): Reason | undefined {
  if (isDefaultRule(rule)) return 'default-rule'
  const interfaces = [rule.inputInterface, rule.outputInterface].filter(
    (name) => name !== undefined,
  )
  // What a machine sends itself comes in by the loopback device, and every sandbox has one.
  const others = interfaces.filter((name) => name !== belongings.deviceName && name !== 'lo')
  if (others.length > 0) return 'other-device'
  const belongs =
    interfaces.includes(belongings.deviceName) ||
    coversAddress(rule, belongings.addresses) ||
    hasRoute(rule, belongings.routes)
  if (!belongs) return 'unrelated'
  return rule.action === 'goto' ? 'goto' : undefined
}

function isDefaultRule(rule: Rule): boolean {
  return (
    COMMON_TABLES.includes(rule.table) &&
    DEFAULT_PRIORITIES.includes(rule.priority) &&
    rule.action === 'toTbl' &&
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
