import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/kernel/netlink/address-schema.js'
import {
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RULE_ACTION,
  SCOPE,
  TABLE,
} from '../../src/kernel/netlink/constants.js'
import type { Neighbor } from '../../src/kernel/netlink/neighbor-schema.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import type { Rule } from '../../src/kernel/netlink/rule-schema.js'
import {
  decisionsOn,
  describeAddress,
  describeNeighbor,
  describeRoute,
  describeRule,
  onlyNameOf,
} from '../../src/state/describe.js'
import { address, link, neighbor, route, rule, state } from '../support/kernel-objects.js'

describe('an address in words', () => {
  it.each<[Partial<Address>, string]>([
    [{}, '198.51.100.5/24'],
    [{ local: '10.1.0.1', peer: '10.1.0.2', prefixLength: 32 }, '10.1.0.1 peer 10.1.0.2/32'],
    [{ family: 'inet6', local: '2001:db8::5', prefixLength: 64 }, '2001:db8::5/64'],
  ])('%j', (differences, words) => {
    expect(describeAddress(address(differences))).toBe(words)
  })
})

describe('a route in words', () => {
  const own = { interfaceIndex: 2, weight: 1 }

  it.each<[Partial<Route>, string]>([
    [{}, '203.0.113.0/24 via 198.51.100.1 dev net1'],
    [{ destination: '0.0.0.0/0' }, 'default via 198.51.100.1 dev net1'],
    [{ destination: '0.0.0.0/0', table: 77 }, 'default via 198.51.100.1 dev net1 table 77'],
    [
      { family: 'inet6', destination: '::/0', source: '2001:db8::/64', nexthops: [own] },
      'default from 2001:db8::/64 dev net1',
    ],
    [{ typeOfService: 16, nexthops: [own] }, '203.0.113.0/24 tos 16 dev net1'],
    [{ table: TABLE.local, nexthops: [own] }, '203.0.113.0/24 dev net1 table local'],
    [{ table: TABLE.default, nexthops: [own] }, '203.0.113.0/24 dev net1 table default'],
    [{ scope: SCOPE.link, nexthops: [own] }, '203.0.113.0/24 dev net1 scope link'],
    [{ scope: SCOPE.host, nexthops: [own] }, '203.0.113.0/24 dev net1 scope host'],
    [{ scope: SCOPE.site, nexthops: [own] }, '203.0.113.0/24 dev net1 scope site'],
    [{ scope: 42, nexthops: [own] }, '203.0.113.0/24 dev net1 scope 42'],
    [
      { preferredSource: '198.51.100.5', priority: 0, nexthops: [own] },
      '203.0.113.0/24 dev net1 src 198.51.100.5 metric 0',
    ],
    [
      { nexthops: [own], metrics: { lock: 4, mtu: 1400, advmss: 1300, congctl: 'cubic' } },
      '203.0.113.0/24 dev net1 mtu lock 1400 advmss 1300 congctl cubic',
    ],
    [
      { nexthops: [{ ...own, gateway: '192.0.2.1', onlink: true }] },
      '203.0.113.0/24 via 192.0.2.1 dev net1 onlink',
    ],
    [
      { nexthops: [{ ...own, via: { family: 'inet6', address: 'fe80::1' } }] },
      '203.0.113.0/24 via inet6 fe80::1 dev net1',
    ],
    [
      {
        nexthops: [
          { ...own, weight: 3 },
          { interfaceIndex: 7, weight: 2 },
        ],
      },
      '203.0.113.0/24 nexthop dev net1 weight 3 nexthop dev #7 weight 2',
    ],
    [
      { nexthops: [{ interfaceIndex: 7, weight: 2 }, own] },
      '203.0.113.0/24 nexthop dev #7 weight 2 nexthop dev net1 weight 1',
    ],
    [{ type: ROUTE_TYPE.blackhole, nexthops: [] }, 'blackhole 203.0.113.0/24'],
  ])('%j', (differences, words) => {
    const nameOf = onlyNameOf({ name: 'net1', index: own.interfaceIndex })
    expect(describeRoute(route(differences), nameOf)).toBe(words)
  })

  it('names who made it: all that have a name', () => {
    const said = (protocol: number) =>
      describeRoute(route({ protocol, nexthops: [] }), 'net1')
        .replace('203.0.113.0/24', '')
        .trim()
    const names = ['redirect', 'kernel', 'static', 'gated', 'ra', 'mrt', 'zebra', 'bird']
      .concat(['dnrouted', 'xorp', 'ntk', 'dhcp', 'mrouted', 'babel', 'bgp', 'isis', 'ospf'])
      .concat(['rip', 'eigrp'])
    const numbers = [1, 2, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 42, 186, 187, 188, 189, 192]
    expect(numbers.map(said)).toEqual(names.map((name) => `proto ${name}`))
    expect(said(ROUTE_PROTOCOL.boot)).toBe('')
    expect([0, 5, 18, 99, 200].map(said)).toEqual([
      'proto 0',
      'proto 5',
      'proto 18',
      'proto 99',
      'proto 200',
    ])
  })

  it('names what it does: all that have a name', () => {
    const said = (type: number) =>
      describeRoute(route({ type, nexthops: [] }), 'net1')
        .replace('203.0.113.0/24', '')
        .trim()
    const names = ['unspec', '', 'local', 'broadcast', 'anycast', 'multicast', 'blackhole']
    expect([...Array(13).keys()].map(said)).toEqual([
      ...names,
      'unreachable',
      'prohibit',
      'throw',
      'nat',
      'xresolve',
      '12',
    ])
  })
})

describe('a rule in words', () => {
  it.each<[Partial<Rule>, string]>([
    [{}, '50: from all lookup 100'],
    [{ table: TABLE.main, priority: 32766 }, '32766: from all lookup main'],
    [{ table: TABLE.default, priority: 32767 }, '32767: from all lookup default'],
    [{ family: 'inet6', from: '2001:db8::/64' }, '-6 50: from 2001:db8::/64 lookup 100'],
    [{ invert: true, to: '192.0.2.0/24' }, '50: not from all to 192.0.2.0/24 lookup 100'],
    [{ typeOfService: 16 }, '50: from all tos 16 lookup 100'],
    [{ firewallMark: 16 }, '50: from all fwmark 0x10/0xffffffff lookup 100'],
    [{ firewallMark: 16, firewallMask: 255 }, '50: from all fwmark 0x10/0xff lookup 100'],
    [{ inputInterface: 'eth1' }, '50: from all iif eth1 lookup 100'],
    [{ outputInterface: 'eth1' }, '50: from all oif eth1 lookup 100'],
    [{ users: '0-99' }, '50: from all uidrange 0-99 lookup 100'],
    [
      { protocol: 6, sourcePorts: '1-2', destinationPorts: '80-80' },
      '50: from all ipproto 6 sport 1-2 dport 80-80 lookup 100',
    ],
    [{ suppressPrefixLength: 0 }, '50: from all lookup 100 suppress_prefixlength 0'],
    [{ action: RULE_ACTION.prohibit }, '50: from all prohibit'],
    [{ action: RULE_ACTION.goto }, '50: from all goto'],
    [{ action: 9 }, '50: from all 9'],
  ])('%j', (differences, words) => {
    expect(describeRule(rule(differences))).toBe(words)
  })

  it('names what it does: all that have a name', () => {
    const said = (action: number) => describeRule(rule({ action })).replace('50: from all ', '')
    expect([0, 2, 3, 4, 5, 6, 7, 8].map(said)).toEqual([
      'unspec',
      'goto',
      'nop',
      'res3',
      'res4',
      'blackhole',
      'unreachable',
      'prohibit',
    ])
  })
})

describe('a neighbour in words', () => {
  const { proxy, router } = NEIGHBOR_FLAG
  const { hardwareAddress, ...unknown } = neighbor({ state: 0 })

  it.each<[Neighbor, string]>([
    [neighbor(), '198.51.100.9 lladdr 02:00:00:00:00:09 permanent'],
    [{ ...unknown, flags: proxy }, '198.51.100.9 proxy'],
    [
      neighbor({ flags: router | proxy, state: NEIGHBOR_STATE.stale }),
      '198.51.100.9 lladdr 02:00:00:00:00:09 proxy router stale',
    ],
    [
      { ...unknown, flags: 0xff },
      '198.51.100.9 use self master proxy extLearned offloaded sticky router',
    ],
    [
      { ...unknown, state: 0xff },
      '198.51.100.9 incomplete reachable stale delay probe failed noarp permanent',
    ],
  ])('%j', (one, words) => {
    expect(describeNeighbor(one)).toBe(words)
  })
})

describe('decisions', () => {
  it('say of each thing what it is, and of what stays behind why', () => {
    const captured = state({
      addresses: [{ value: address() }, { value: address({ flags: 0 }), leftBehind: 'dynamic' }],
      routes: [{ value: route(), leftBehind: 'not-asked-for' }],
      rules: [{ value: rule() }],
      neighbors: [{ value: neighbor() }],
    })
    expect(decisionsOn(captured, link())).toEqual([
      { kind: 'address', what: '198.51.100.5/24' },
      {
        kind: 'address',
        what: '198.51.100.5/24',
        reason: 'dynamic',
        why: 'dynamic: a lease gave it',
      },
      {
        kind: 'route',
        what: '203.0.113.0/24 via 198.51.100.1 dev eth1',
        reason: 'not-asked-for',
        why: 'the configuration does not ask for it',
      },
      { kind: 'rule', what: '50: from all lookup 100' },
      { kind: 'neighbour', what: '198.51.100.9 lladdr 02:00:00:00:00:09 permanent' },
    ])
  })
})
