import {
  ADDRESS_FLAG,
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
} from '../../src/kernel/netlink/constants.js'

// biome-ignore lint/suspicious/noExplicitAny: records of another format
type Json = any

const nameOf = (names: Record<string, number>, value: number) =>
  Object.keys(names).find((name) => names[name] === value)

/** Of a route or a rule, in the spelling of the codec of that time. */
const upperName = (names: Record<string, number>, value: number) =>
  nameOf(names, value)?.toUpperCase() ?? value

function bitNames(names: Record<string, number>, bits: number): string[] {
  return Object.keys(names).filter((name) => (bits & (names[name] ?? 0)) !== 0)
}

const values = (things: Json[], change: (value: Json) => Json) =>
  things.map((thing) => ({ ...thing, value: change(thing.value) }))

/**
 * An attachment record as the version before wrote it, from one of format 2: names in place of
 * numbers, `hops`, `immovable`, and nothing of what that version did not know.
 */
export function downgraded(record: Json): Json {
  const { sandbox: _s, added: _a, ...rest } = record
  const { identity: _i, ...device } = record.device
  const { netnsImmutable, ...onHost } = device.onHost
  const { addresses, routes, rules, neighbors, ...state } = record.state
  return {
    ...rest,
    format: 1,
    device: { ...device, onHost: { ...onHost, immovable: netnsImmutable } },
    state: {
      ...state,
      addresses: values(addresses, ({ flags, ...address }) => ({
        ...address,
        flags: bitNames(ADDRESS_FLAG, flags),
      })),
      routes: values(routes, ({ protocol, type, nexthops, ...route }) => ({
        ...route,
        protocol: upperName(ROUTE_PROTOCOL, protocol),
        type: upperName(ROUTE_TYPE, type),
        hops: nexthops,
      })),
      rules: values(rules, ({ action, ...rule }) => ({
        ...rule,
        action:
          nameOf(RULE_ACTION, action) === 'toTable' ? 'TOTBL' : upperName(RULE_ACTION, action),
      })),
      neighbors: values(neighbors, ({ state: bits, flags, ...neighbor }) => ({
        ...neighbor,
        state: bitNames(NEIGHBOR_STATE, bits),
        flags: bitNames(NEIGHBOR_FLAG, flags),
      })),
    },
  }
}
