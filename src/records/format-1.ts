import {
  ADDRESS_FLAG,
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
} from '../kernel/netlink/constants.js'

/** An object of a record. These functions do not check it; the schema checks their result. */
type Json = Record<string, unknown>
type Names = Record<string, number>

/** A flag that the codec of format 1 had no name for. The record does not say which flag it was. */
const NAMELESS_FLAG = '__unknown'

/**
 * Converts an attachment record of format 1 to format 2. Format 1 used names instead of the
 * kernel's numbers ("STATIC", "permanent"), and other names for two keys.
 * @returns undefined if the record cannot be converted
 */
export function upgradeFormat1(record: unknown): unknown {
  return ifUnderstood(() => {
    const { format, device, state, ...rest } = object(record)
    if (format !== 1) return undefined
    const { onHost, ...lent } = object(device)
    return {
      ...rest,
      format: 2,
      device: { ...lent, onHost: linkOf(onHost) },
      state: stateOf(state),
    }
  })
}

function linkOf(link: unknown): Json {
  const { immovable, ...rest } = object(link)
  return { ...rest, netnsImmutable: immovable }
}

function stateOf(state: unknown): Json {
  const { addresses, routes, rules, neighbors, ...rest } = object(state)
  return {
    ...rest,
    addresses: captured(addresses, addressOf),
    routes: captured(routes, routeOf),
    rules: captured(rules, ruleOf),
    neighbors: captured(neighbors, neighborOf),
  }
}

/**
 * Converts captured objects. Each has a `value`, and possibly the reason why it was left behind.
 */
function captured(things: unknown, upgrade: (value: Json) => Json): Json[] {
  return array(things).map((thing) => {
    const { value, ...rest } = object(thing)
    return { ...rest, value: upgrade(object(value)) }
  })
}

function addressOf({ flags, ...rest }: Json): Json {
  return { ...rest, flags: bitsOf(flags, ADDRESS_FLAG) }
}

function routeOf({ protocol, type, hops, ...rest }: Json): Json {
  return {
    ...rest,
    protocol: numberOf(protocol, ROUTE_PROTOCOL),
    type: numberOf(type, ROUTE_TYPE),
    nexthops: array(hops),
  }
}

function ruleOf({ action, ...rest }: Json): Json {
  const names = { ...RULE_ACTION, totbl: RULE_ACTION.toTable }
  return { ...rest, action: numberOf(action, names) }
}

function neighborOf({ state, flags, ...rest }: Json): Json {
  return {
    ...rest,
    state: bitsOf(state, NEIGHBOR_STATE),
    flags: bitsOf(flags, NEIGHBOR_FLAG),
  }
}

/** The number for a name in upper or lower case. A value without a name was already a number. */
function numberOf(value: unknown, names: Names): number {
  return typeof value === 'number' ? value : numberNamed(text(value).toLowerCase(), names)
}

/** Converts a list of flag names to the bits they stand for. */
function bitsOf(list: unknown, names: Names): number {
  return array(list)
    .map(text)
    .filter((name) => name !== NAMELESS_FLAG)
    .reduce((bits, name) => bits | numberNamed(name, names), 0)
}

function numberNamed(name: string, names: Names): number {
  const number = Object.hasOwn(names, name) ? names[name] : undefined
  if (number === undefined) throw new NotUnderstood()
  return number
}

function object(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotUnderstood()
  return { ...value }
}

function array(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new NotUnderstood()
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new NotUnderstood()
  return value
}

class NotUnderstood extends Error {}

function ifUnderstood<T>(upgrade: () => T): T | undefined {
  try {
    return upgrade()
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined
    throw error
  }
}
