import {
  addressBytesIn,
  addressText,
  familyNumber,
  familyOf,
  splitPrefix,
  unspecifiedAddress,
} from '../ip-address.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  keepOpaque,
  opaqueAttributes,
  optional,
  present,
  text,
  toNumber,
  toText,
  u8,
  u32,
} from './attributes.js'
import { readU8, readU16, readU32, writeU16, writeU32 } from './bytes.js'
import { RTM } from './constants.js'
import { collect, type Fold } from './fold.js'
import { Flag, type Payload, type Request } from './message.js'
import type { NetlinkSocket } from './netlink-socket.js'
import type { Rule } from './rule-schema.js'

/** Attributes of a rule (FRA_* of linux/fib_rules.h). */
const FRA = {
  destination: 1,
  source: 2,
  inputInterface: 3,
  priority: 6,
  firewallMark: 10,
  suppressPrefixLength: 14,
  table: 15,
  firewallMask: 16,
  outputInterface: 17,
  userRange: 20,
  protocol: 22,
  sourcePorts: 23,
  destinationPorts: 24,
} as const

/** struct fib_rule_hdr: its size, and the offsets of its fields. */
const FIXED_BYTES = 12
const OFFSET = {
  family: 0,
  toLength: 1,
  fromLength: 2,
  typeOfService: 3,
  table: 4,
  action: 7,
  flags: 8,
} as const
/** FIB_RULE_INVERT (`not` in `ip rule`): the rule applies to packets that do not match. */
const FIB_RULE_INVERT = 2

/** FRA_SUPPRESS_PREFIXLEN of a rule without suppress_prefixlength (-1). */
const SUPPRESS_NOTHING = 0xffffffff

/** All rules of the socket's namespace, of both families. */
export function dumpRules(socket: NetlinkSocket): Rule[] {
  return collect(foldRules(socket))
}

/** The same, each handled as it comes. */
export function foldRules(socket: NetlinkSocket): Fold<Rule> {
  const request = { type: RTM.getRule, header: Buffer.alloc(FIXED_BYTES) }
  return (begin, take) =>
    socket.fold([request], begin, (result, { bytes }, start, end) => {
      const rule = decodeRule({ data: bytes.subarray(start, end) })
      if (rule) take(result, rule)
    })
}

/** Message type and flags of each request about a rule. */
const RULE_REQUESTS = {
  add: { type: RTM.newRule, flags: Flag.create | Flag.exclusive },
  duplicate: { type: RTM.newRule, flags: Flag.create },
  delete: { type: RTM.deleteRule, flags: 0 },
} as const

/**
 * Request to add or delete a rule.
 * @param what `add` fails with EEXIST if there is such a rule, or one with a source or destination
 *   besides; `duplicate` does not. `delete` deletes the first rule that has everything that this
 *   one has, whatever it has besides
 */
export function ruleRequest(rule: Rule, what: keyof typeof RULE_REQUESTS): Request {
  return {
    ...RULE_REQUESTS[what],
    header: fixedPart(rule),
    attributes: encodeAttributesOf(rule),
  }
}

/** Identity of a rule: everything in it. */
export function ruleKey(rule: Rule): string {
  const attributes = encodeAttributes(encodeAttributesOf(rule))
  return Buffer.concat([fixedPart(rule), attributes]).toString('hex')
}

/** Undefined if the family is not IP. */
export function decodeRule({ data }: Payload): Rule | undefined {
  const family = familyOf(readU8(data, OFFSET.family))
  if (family === undefined) return undefined
  const lengths = { to: readU8(data, OFFSET.toLength), from: readU8(data, OFFSET.fromLength) }
  const rule: Rule = {
    family,
    priority: 0,
    action: readU8(data, OFFSET.action),
    table: readU8(data, OFFSET.table),
    invert: (readU32(data, OFFSET.flags) & FIB_RULE_INVERT) !== 0,
    typeOfService: readU8(data, OFFSET.typeOfService),
  }
  if (lengths.from > 0) rule.from = `${unspecifiedAddress(family)}/${lengths.from}`
  if (lengths.to > 0) rule.to = `${unspecifiedAddress(family)}/${lengths.to}`
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES)))
    decodeRuleAttribute(attribute, rule, lengths)
  return rule
}

function decodeRuleAttribute(
  attribute: Attribute,
  rule: Rule,
  lengths: { from: number; to: number },
): void {
  const { type, data } = attribute
  if (type === FRA.priority) rule.priority = toNumber(data)
  else if (type === FRA.table) rule.table = toNumber(data)
  else if (type === FRA.source) rule.from = `${addressText(data)}/${lengths.from}`
  else if (type === FRA.destination) rule.to = `${addressText(data)}/${lengths.to}`
  else if (type === FRA.inputInterface) rule.inputInterface = toText(data)
  else if (type === FRA.outputInterface) rule.outputInterface = toText(data)
  else if (type === FRA.firewallMark) rule.firewallMark = toNumber(data)
  else if (type === FRA.firewallMask) rule.firewallMask = toNumber(data)
  else if (type === FRA.protocol) rule.protocol = data[0] ?? 0
  else if (type === FRA.sourcePorts) rule.sourcePorts = range16(data)
  else if (type === FRA.destinationPorts) rule.destinationPorts = range16(data)
  else if (type === FRA.userRange) rule.users = range32(data)
  else if (type !== FRA.suppressPrefixLength) keepOpaque(rule, attribute)
  else if (toNumber(data) !== SUPPRESS_NOTHING) rule.suppressPrefixLength = toNumber(data)
}

function fixedPart(rule: Rule): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  header[OFFSET.family] = familyNumber(rule.family)
  header[OFFSET.toLength] = prefixLength(rule.to)
  header[OFFSET.fromLength] = prefixLength(rule.from)
  header[OFFSET.typeOfService] = rule.typeOfService
  header[OFFSET.action] = rule.action
  writeU32(header, rule.invert ? FIB_RULE_INVERT : 0, OFFSET.flags)
  return header
}

function encodeAttributesOf(rule: Rule): Attribute[] {
  const prefix = (type: number) => (value: string) =>
    bytes(type, addressBytesIn(rule.family, splitPrefix(value).address))
  const ports = (type: number) => (range: string) => bytes(type, range16Bytes(range))
  return [
    ...present([
      u32(FRA.priority, rule.priority),
      u32(FRA.table, rule.table),
      optional(rule.from, prefix(FRA.source)),
      optional(rule.to, prefix(FRA.destination)),
      optional(rule.inputInterface, (name) => text(FRA.inputInterface, name)),
      optional(rule.outputInterface, (name) => text(FRA.outputInterface, name)),
      optional(rule.firewallMark, (mark) => u32(FRA.firewallMark, mark)),
      optional(rule.firewallMask, (mask) => u32(FRA.firewallMask, mask)),
      optional(rule.protocol, (protocol) => u8(FRA.protocol, protocol)),
      optional(rule.sourcePorts, ports(FRA.sourcePorts)),
      optional(rule.destinationPorts, ports(FRA.destinationPorts)),
      optional(rule.users, (range) => bytes(FRA.userRange, range32Bytes(range))),
      optional(rule.suppressPrefixLength, (length) => u32(FRA.suppressPrefixLength, length)),
    ]),
    ...opaqueAttributes(rule),
  ]
}

function prefixLength(prefix: string | undefined): number {
  return prefix === undefined ? 0 : splitPrefix(prefix).length
}

/** Formats two adjacent 16-bit numbers as "first-last". */
function range16(data: Buffer): string {
  return `${readU16(data, 0)}-${readU16(data, 2)}`
}

function range32(data: Buffer): string {
  return `${readU32(data, 0)}-${readU32(data, 4)}`
}

function range16Bytes(range: string): Buffer {
  const data = Buffer.alloc(4)
  for (const [n, end] of range.split('-').entries()) writeU16(data, Number(end), 2 * n)
  return data
}

function range32Bytes(range: string): Buffer {
  const data = Buffer.alloc(8)
  for (const [n, end] of range.split('-').entries()) writeU32(data, Number(end), 4 * n)
  return data
}
