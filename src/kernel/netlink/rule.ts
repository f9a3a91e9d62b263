import { __LENGTH_Rule, formatRule, parseRule } from 'netlink/dist/rt/gen_structs'
import type { NetlinkMessage } from 'netlink/dist/structs'
import { readU16, readU32, writeU16, writeU32 } from 'netlink/dist/structs'
import {
  addressBytes,
  addressText,
  familyNumber,
  familyOf,
  splitPrefix,
  unspecifiedAddress,
} from '../ip-address.js'
import type { Rule } from '../objects/rule.js'
import {
  type Attribute,
  bytes,
  decodeAttributes,
  keepOpaque,
  opaqueAttributes,
  text,
  toNumber,
  toText,
  u32,
} from './attributes.js'
import { Flag, MessageType, type Request } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Rule attributes (linux/fib_rules.h). */
const FRA = {
  dst: 1,
  src: 2,
  iifname: 3,
  priority: 6,
  fwmark: 10,
  suppressPrefixLength: 14,
  table: 15,
  fwmask: 16,
  oifname: 17,
  uidRange: 20,
  ipProto: 22,
  sourcePorts: 23,
  destinationPorts: 24,
} as const

/** What the kernel reports of a rule that suppresses nothing. */
const SUPPRESS_NOTHING = 0xffffffff

/** All rules of the socket's namespace, of both families. */
export function dumpRules(socket: RouteSocket): Rule[] {
  return socket
    .dump({ type: MessageType.GETRULE, header: formatRule({}) })
    .map(decodeRule)
    .filter((rule) => rule !== undefined)
}

/**
 * A request about a rule.
 * @param what `add` fails with EEXIST where the very same rule is there
 */
export function ruleRequest(rule: Rule, what: 'add' | 'delete'): Request {
  return {
    type: what === 'add' ? MessageType.NEWRULE : MessageType.DELRULE,
    flags: what === 'add' ? Flag.create | Flag.exclusive : 0,
    header: formatRule({
      family: familyNumber(rule.family),
      dstLen: prefixLength(rule.to),
      srcLen: prefixLength(rule.from),
      tos: rule.typeOfService,
      action: rule.action as never,
      flags: rule.invert ? { invert: true } : {},
    }),
    attributes: encodeAttributesOf(rule),
  }
}

/** Undefined for a family that is not IP. */
export function decodeRule({ data }: Pick<NetlinkMessage, 'data'>): Rule | undefined {
  const fixed = parseRule(data.subarray(0, __LENGTH_Rule))
  const family = familyOf(fixed.family)
  if (family === undefined) return undefined
  const rule: Rule = {
    family,
    priority: 0,
    action: fixed.action ?? 0,
    table: fixed.table ?? 0,
    invert: fixed.flags?.invert === true,
    typeOfService: fixed.tos ?? 0,
  }
  if (fixed.srcLen) rule.from = `${unspecifiedAddress(family)}/${fixed.srcLen}`
  if (fixed.dstLen) rule.to = `${unspecifiedAddress(family)}/${fixed.dstLen}`
  for (const attribute of decodeAttributes(data.subarray(__LENGTH_Rule)))
    decodeRuleAttribute(attribute, rule, fixed)
  return rule
}

function decodeRuleAttribute(
  attribute: Attribute,
  rule: Rule,
  fixed: { dstLen?: number; srcLen?: number },
): void {
  const { type, data } = attribute
  if (type === FRA.priority) rule.priority = toNumber(data)
  else if (type === FRA.table) rule.table = toNumber(data)
  else if (type === FRA.src) rule.from = `${addressText(data)}/${fixed.srcLen}`
  else if (type === FRA.dst) rule.to = `${addressText(data)}/${fixed.dstLen}`
  else if (type === FRA.iifname) rule.inputInterface = toText(data)
  else if (type === FRA.oifname) rule.outputInterface = toText(data)
  else if (type === FRA.fwmark) rule.firewallMark = toNumber(data)
  else if (type === FRA.fwmask) rule.firewallMask = toNumber(data)
  else if (type === FRA.ipProto) rule.protocol = data[0] ?? 0
  else if (type === FRA.sourcePorts) rule.sourcePorts = range16(data)
  else if (type === FRA.destinationPorts) rule.destinationPorts = range16(data)
  else if (type === FRA.uidRange) rule.users = range32(data)
  else if (type !== FRA.suppressPrefixLength) keepOpaque(rule, attribute)
  else if (toNumber(data) !== SUPPRESS_NOTHING) rule.suppressPrefixLength = toNumber(data)
}

function encodeAttributesOf(rule: Rule): Attribute[] {
  const attributes = [u32(FRA.priority, rule.priority), u32(FRA.table, rule.table)]
  const add = <T>(value: T | undefined, encode: (value: T) => Attribute) => {
    if (value !== undefined) attributes.push(encode(value))
  }
  add(rule.from, (prefix) => bytes(FRA.src, addressBytes(splitPrefix(prefix).address)))
  add(rule.to, (prefix) => bytes(FRA.dst, addressBytes(splitPrefix(prefix).address)))
  add(rule.inputInterface, (name) => text(FRA.iifname, name))
  add(rule.outputInterface, (name) => text(FRA.oifname, name))
  add(rule.firewallMark, (mark) => u32(FRA.fwmark, mark))
  add(rule.firewallMask, (mask) => u32(FRA.fwmask, mask))
  add(rule.protocol, (protocol) => bytes(FRA.ipProto, Buffer.from([protocol])))
  add(rule.sourcePorts, (range) => bytes(FRA.sourcePorts, range16Bytes(range)))
  add(rule.destinationPorts, (range) => bytes(FRA.destinationPorts, range16Bytes(range)))
  add(rule.users, (range) => bytes(FRA.uidRange, range32Bytes(range)))
  add(rule.suppressPrefixLength, (length) => u32(FRA.suppressPrefixLength, length))
  return attributes.concat(opaqueAttributes(rule))
}

function prefixLength(prefix: string | undefined): number {
  return prefix === undefined ? 0 : splitPrefix(prefix).length
}

/** Two numbers one after the other, as "first-last". */
const range16 = (data: Buffer) => `${readU16.call(data, 0)}-${readU16.call(data, 2)}`
const range32 = (data: Buffer) => `${readU32.call(data, 0)}-${readU32.call(data, 4)}`

function range16Bytes(range: string): Buffer {
  const data = Buffer.alloc(4)
  for (const [n, end] of range.split('-').entries()) writeU16.call(data, Number(end), 2 * n)
  return data
}

function range32Bytes(range: string): Buffer {
  const data = Buffer.alloc(8)
  for (const [n, end] of range.split('-').entries()) writeU32.call(data, Number(end), 4 * n)
  return data
}
