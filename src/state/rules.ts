import { lacking } from '../kernel/netlink/fold.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { foldRules, ruleKey, ruleRequest } from '../kernel/netlink/rule.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { describeRule } from './describe.js'
import { groupBy } from './group-by.js'
import { aboutDevice } from './plan.js'

/** Rules with the device's name in the sandbox in place of its name on the host. */
export function rulesInSandbox(
  original: Pick<Link, 'name'>,
  nameInSandbox: string,
  rules: Rule[],
): Rule[] {
  return rules.map((rule) => aboutDevice(original, { name: nameInSandbox }, rule))
}

/**
 * Of rules to add, those that a loan may take away again: not there yet, or there because of
 * another loan. Any other rule is the sandbox's own.
 * @param ofLoans the rules of all loans in the sandbox
 */
export function rulesToOwn(socket: NetlinkSocket, wanted: Rule[], ofLoans: () => Rule[]): Rule[] {
  if (wanted.length === 0) return []
  const absent = new Set(absentRules(socket, wanted))
  if (absent.size === wanted.length) return wanted
  const shared = keysOf(ofLoans())
  return wanted.filter((rule) => absent.has(rule) || shared.has(ruleKey(rule)))
}

/** Of wanted rules, those that are not there. */
export function absentRules(socket: NetlinkSocket, wanted: Rule[]): Rule[] {
  return lacking(wanted, ruleKey, foldRules(socket))
}

/**
 * Removes rules from a sandbox, and no other: the kernel would also take a rule that is like one of
 * them and has more selectors. A rule that is already gone is not an error.
 * @param ofOthers the rules of the other loans in the sandbox, which stay
 * @returns what could not be removed, in iproute2's notation
 */
export function removeRules(
  socket: NetlinkSocket,
  rules: Rule[],
  ofOthers: () => Rule[],
): string[] {
  if (rules.length === 0) return []
  const there = locate(socket, rules)
  const present = there.filter(({ isThere }) => isThere)
  if (present.length === 0) return []
  const needed = keysOf(ofOthers())
  const unneeded = present.filter(({ key }) => !needed.has(key))
  const simple = unneeded.filter(({ isCovered }) => !isCovered).map(({ rule }) => rule)
  const covered = unneeded.filter(({ isCovered }) => isCovered).map(({ rule }) => rule)
  const errors = socket.requestAll(simple.map((rule) => ruleRequest(rule, 'delete')))
  return [
    ...simple.filter((_, n) => errors[n] && !errors[n].is('ENOENT')),
    ...covered.filter((rule) => !removeExactly(socket, rule)),
  ].map(describeRule)
}

/** Where a rule is in the sandbox. */
interface Location {
  rule: Rule
  key: string
  isThere: boolean
  /** Whether a rule of its priority before it might be taken for it. */
  isCovered: boolean
}

function locate(socket: NetlinkSocket, rules: Rule[]): Location[] {
  const begin = () =>
    groupBy(
      rules.map((rule) => ({ rule, key: ruleKey(rule), isThere: false, isCovered: false })),
      ({ rule }) => rankOf(rule),
    )
  const located = foldRules(socket)(begin, (ranks, other) => {
    const siblings = ranks.get(rankOf(other))
    if (!siblings) return
    const otherKey = ruleKey(other)
    for (const location of siblings) {
      if (location.isThere) continue
      if (otherKey === location.key) location.isThere = true
      else if (hasAllOf(other, location.rule)) location.isCovered = true
    }
  })
  return [...located.values()].flat()
}

/** The order of two rules counts if they have the same of this. */
function rankOf({ family, priority }: Rule): string {
  return `${family} ${priority}`
}

/** More rules of one priority than this are not put in order for the sake of one. */
const MOST_OF_ONE_PRIORITY = 200

/**
 * Removes a rule although the kernel would take another one for it: each rule of that priority goes
 * to the end in turn. It is added once more, then deleted where it was, where it is the first of
 * its priority. Afterwards the order is the same, and at no moment is one of them missing.
 * @returns whether it is gone
 */
function removeExactly(socket: NetlinkSocket, rule: Rule): boolean {
  const begin = (): Rule[] => []
  const siblings = foldRules(socket)(begin, (all, other) => {
    if (rankOf(other) === rankOf(rule) && all.length <= MOST_OF_ONE_PRIORITY) all.push(other)
  })
  if (siblings.length > MOST_OF_ONE_PRIORITY) return false
  const key = ruleKey(rule)
  return siblings.every(
    (other) =>
      (ruleKey(other) === key || carriedOut(socket, other, 'duplicate')) &&
      carriedOut(socket, other, 'delete'),
  )
}

function carriedOut(socket: NetlinkSocket, rule: Rule, what: 'duplicate' | 'delete'): boolean {
  const [error] = socket.requestAll([ruleRequest(rule, what)])
  return error === undefined
}

/** What the kernel compares when it looks for a rule to delete, if the request states it. */
const COMPARED = [
  'action',
  'table',
  'from',
  'to',
  'inputInterface',
  'outputInterface',
  'typeOfService',
  'firewallMark',
  'firewallMask',
  'protocol',
  'sourcePorts',
  'destinationPorts',
  'users',
] as const

/** Whether the kernel might take a rule for another one that it is to delete. */
function hasAllOf(other: Rule, rule: Rule): boolean {
  return COMPARED.every((part) => !rule[part] || rule[part] === other[part])
}

/** Each rule once. */
export function withoutDuplicates(rules: Rule[]): Rule[] {
  return [...new Map(rules.map((rule) => [ruleKey(rule), rule])).values()]
}

function keysOf(rules: Rule[]): Set<string> {
  return new Set(rules.map(ruleKey))
}
