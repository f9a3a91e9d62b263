import type { Address } from '../../src/kernel/netlink/address-schema.js'
import {
  ADDRESS_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
  SCOPE,
  TABLE,
} from '../../src/kernel/netlink/constants.js'
import type { Link } from '../../src/kernel/netlink/link-schema.js'
import type { Neighbor } from '../../src/kernel/netlink/neighbor-schema.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import type { Rule } from '../../src/kernel/netlink/rule-schema.js'
import type { HostNetworkState } from '../../src/state/schema.js'

/** Ordinary objects of a host with the device eth1, each with what a test needs otherwise. */
export const link = (differences: Partial<Link> = {}): Link => ({
  index: 2,
  name: 'eth1',
  alternativeNames: [],
  hardwareAddress: '02:00:00:00:00:01',
  mtu: 1500,
  up: true,
  loopback: false,
  netnsImmutable: false,
  ...differences,
})

export const address = (differences: Partial<Address> = {}): Address => ({
  family: 'inet',
  local: '198.51.100.5',
  prefixLength: 24,
  scope: SCOPE.universe,
  flags: ADDRESS_FLAG.permanent,
  ...differences,
})

export const route = (differences: Partial<Route> = {}): Route => ({
  family: 'inet',
  destination: '203.0.113.0/24',
  typeOfService: 0,
  table: TABLE.main,
  protocol: ROUTE_PROTOCOL.boot,
  scope: SCOPE.universe,
  type: ROUTE_TYPE.unicast,
  nexthops: [{ interfaceIndex: 2, gateway: '198.51.100.1', weight: 1 }],
  ...differences,
})

export const rule = (differences: Partial<Rule> = {}): Rule => ({
  family: 'inet',
  priority: 50,
  action: RULE_ACTION.toTable,
  table: 100,
  invert: false,
  typeOfService: 0,
  ...differences,
})

export const neighbor = (differences: Partial<Neighbor> = {}): Neighbor => ({
  family: 'inet',
  address: '198.51.100.9',
  hardwareAddress: '02:00:00:00:00:09',
  state: NEIGHBOR_STATE.permanent,
  flags: 0,
  ...differences,
})

export const state = (differences: Partial<HostNetworkState> = {}): HostNetworkState => ({
  addresses: [],
  routes: [],
  rules: [],
  neighbors: [],
  sysctls: [],
  ...differences,
})
