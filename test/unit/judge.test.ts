import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/kernel/netlink/address-schema.js'
import {
  ADDRESS_FLAG,
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
import { tableOfDevice } from '../../src/state/connected-route.js'
import {
  type CapturePolicy,
  reasonToLeaveAddress,
  reasonToLeaveNeighbor,
  reasonToLeaveRoute,
  reasonToLeaveRule,
} from '../../src/state/judge.js'
import { address, neighbor, route, rule } from '../support/kernel-objects.js'

const { permanent, secondary, stablePrivacy, noprefixroute, managetempaddr, dadfailed, tentative } =
  ADDRESS_FLAG

describe('an address', () => {
  it.each<[Partial<Address>, string | undefined]>([
    [{}, undefined],
    [{ flags: permanent | noprefixroute }, undefined],
    [{ flags: permanent | secondary }, undefined],
    [{ scope: SCOPE.host }, 'host-scope'],
    [{ scope: SCOPE.link }, 'link-scope'],
    [{ scope: SCOPE.link, family: 'inet6' }, 'link-scope'],
    [{ scope: SCOPE.link, family: 'inet6', protocol: 3 }, 'link-local'],
    [{ scope: SCOPE.link, family: 'inet6', flags: permanent | stablePrivacy }, 'link-local'],
    [{ scope: SCOPE.site }, undefined],
    [{ flags: 0 }, 'dynamic'],
    [{ flags: secondary }, 'dynamic'],
    [{ flags: managetempaddr, family: 'inet6' }, 'autoconfigured'],
    [{ flags: 0, family: 'inet6', protocol: 2 }, 'autoconfigured'],
    [{ flags: 0, family: 'inet6', protocol: 99 }, 'dynamic'],
    [{ flags: secondary, family: 'inet6' }, 'temporary'],
    [{ flags: permanent | dadfailed | tentative }, 'duplicate'],
  ])('with %j: %s', (differences, reason) => {
    expect(reasonToLeaveAddress(address(differences), { dynamicAddresses: 'drop' })).toBe(reason)
  })

  it.each<[CapturePolicy['dynamicAddresses'], string | undefined, string | undefined]>([
    ['drop', 'dynamic', 'dynamic'],
    ['ipv4', undefined, 'dynamic'],
    ['all', undefined, undefined],
  ])('of a lease, where dynamicAddresses is %j: %s, of IPv6: %s', (dynamicAddresses, v4, v6) => {
    const leased = (family: Address['family']) => address({ flags: 0, family })
    expect(reasonToLeaveAddress(leased('inet'), { dynamicAddresses })).toBe(v4)
    expect(reasonToLeaveAddress(leased('inet6'), { dynamicAddresses })).toBe(v6)
  })
})

describe('a route', () => {
  const onLink = (differences: Partial<Route>) =>
    route({ destination: '198.51.100.0/24', ...differences })

  it.each<[Partial<Route>, string | undefined]>([
    [{}, undefined],
    [{ destination: '0.0.0.0/0' }, undefined],
    [{ protocol: ROUTE_PROTOCOL.dhcp }, undefined],
    [{ table: 100000 }, undefined],
    [{ destination: '224.0.0.0/4' }, undefined],
    [{ protocol: ROUTE_PROTOCOL.kernel }, undefined],
    [{ protocol: ROUTE_PROTOCOL.kernel, table: TABLE.local }, 'kernel-made'],
    [{ table: TABLE.local, type: ROUTE_TYPE.local }, 'local-table'],
    [{ protocol: ROUTE_PROTOCOL.ra }, 'router-advertisement'],
    [{ protocol: ROUTE_PROTOCOL.redirect }, 'redirect'],
    [{ cloned: true }, 'cache-entry'],
    [{ expiresSeconds: 0 }, 'expired'],
    [{ expiresSeconds: 1 }, undefined],
    [{ family: 'inet6', destination: 'fe80::/64' }, 'link-scope'],
    [{ family: 'inet6', destination: 'febf::/64' }, 'link-scope'],
    [{ family: 'inet6', destination: 'fec0::/64' }, undefined],
    [{ family: 'inet6', destination: '2001:db8::/32' }, undefined],
  ])('with %j: %s', (differences, reason) => {
    expect(reasonToLeaveRoute(onLink(differences), [address()])).toBe(reason)
  })

  /** As the kernel makes it with 198.51.100.5/24. */
  const connected = (differences: Partial<Route> = {}) =>
    onLink({
      protocol: ROUTE_PROTOCOL.kernel,
      scope: SCOPE.link,
      preferredSource: '198.51.100.5',
      nexthops: [{ interfaceIndex: 2, weight: 1 }],
      ...differences,
    })

  it.each<[string, Partial<Route>]>([
    ['another table', { table: 100 }],
    ['metrics', { metrics: { mtu: 1400 } }],
    ['another metric', { priority: 7 }],
    ['another source', { preferredSource: '198.51.100.6' }],
    ['another scope', { scope: SCOPE.universe }],
    ['another destination', { destination: '198.51.100.0/25' }],
    ['a gateway', { nexthops: [{ interfaceIndex: 2, gateway: '198.51.100.1', weight: 1 }] }],
  ])('that the kernel makes is carried if it has %s', (_, differences) => {
    expect(reasonToLeaveRoute(connected(), [address()])).toBe('kernel-made')
    expect(reasonToLeaveRoute(connected(differences), [address()])).toBe(undefined)
  })

  it('of a port of a VRF is made by the kernel in the table of the VRF', () => {
    expect(reasonToLeaveRoute(connected({ table: 10 }), [address()], 10)).toBe('kernel-made')
    const local = connected({ table: 10, type: ROUTE_TYPE.local, destination: '198.51.100.5/32' })
    expect(tableOfDevice([connected(), local])).toBe(10)
    expect(tableOfDevice([connected()])).toBe(TABLE.main)
  })

  it('that claims to be the kernel’s, beside an address without a prefix route, is carried', () => {
    const alone = address({ flags: permanent | noprefixroute })
    expect(reasonToLeaveRoute(connected(), [alone])).toBe(undefined)
    expect(reasonToLeaveRoute(connected(), [alone, address()])).toBe('kernel-made')
    expect(reasonToLeaveRoute(connected(), [address({ flags: permanent | secondary })])).toBe(
      undefined,
    )
  })

  it('to the peer of an address is made by the kernel', () => {
    const toPeer = connected({ destination: '10.1.0.0/24', preferredSource: '10.1.9.1' })
    const peer = address({ local: '10.1.9.1', peer: '10.1.0.2', flags: noprefixroute })
    expect(reasonToLeaveRoute(toPeer, [peer])).toBe(undefined)
    expect(reasonToLeaveRoute(toPeer, [{ ...peer, flags: 0 }])).toBe('kernel-made')
  })

  it.each<[Partial<Route>, string | undefined]>([
    [{}, 'kernel-made'],
    [{ priority: 1024 }, undefined],
    [{ destination: '2001:db8:9::/64' }, 'router-advertisement'],
    [{ destination: '2001:db8::/48' }, 'router-advertisement'],
    [{ table: 100 }, undefined],
    [{ metrics: { mtu: 1400 } }, undefined],
    [{ destination: 'fe80::/64' }, 'link-local'],
    [{ destination: 'fe80::/64', table: 100 }, 'link-scope'],
  ])('of IPv6 with %j beside an address: %s', (differences, reason) => {
    const inet6 = address({ family: 'inet6', local: '2001:db8::5', prefixLength: 64 })
    const made = connected({
      ...{ family: 'inet6', destination: '2001:db8::/64', priority: 256, scope: 0 },
    })
    expect(reasonToLeaveRoute({ ...made, ...differences }, [inet6])).toBe(reason)
  })
})

describe('a rule', () => {
  const belongings = {
    deviceName: 'eth1',
    addresses: [address()],
    routes: [route({ table: 100 }), route({ table: TABLE.main })],
  }

  it.each<[Partial<Rule>, string | undefined]>([
    [{}, undefined],
    [{ family: 'inet6' }, 'unrelated'],
    [{ table: 101 }, 'unrelated'],
    [{ table: TABLE.main }, 'unrelated'],
    [{ table: TABLE.main, priority: 32766 }, 'default-rule'],
    [{ table: TABLE.default, priority: 32767 }, 'default-rule'],
    [{ table: TABLE.local, priority: 0 }, 'default-rule'],
    [{ table: TABLE.main, priority: 32766, from: '198.51.100.5/32' }, undefined],
    [{ table: 101, from: '198.51.100.0/24' }, undefined],
    [{ table: 101, to: '198.51.100.5/32' }, undefined],
    [{ table: 101, from: '198.51.100.6/32' }, 'unrelated'],
    [{ table: 101, inputInterface: 'eth1' }, undefined],
    [{ table: 101, outputInterface: 'eth1' }, undefined],
    [{ inputInterface: 'eth2' }, 'other-device'],
    [{ inputInterface: 'eth2', outputInterface: 'eth1' }, 'other-device'],
    [{ inputInterface: 'lo' }, undefined],
    [{ inputInterface: 'lo', table: 101 }, 'unrelated'],
    [{ action: RULE_ACTION.goto }, 'goto'],
    [{ action: RULE_ACTION.goto, table: 101 }, 'unrelated'],
    [{ action: RULE_ACTION.prohibit, table: 0, from: '198.51.100.5/32' }, undefined],
  ])('with %j: %s', (differences, reason) => {
    expect(reasonToLeaveRule(rule(differences), belongings)).toBe(reason)
  })
})

describe('a neighbour', () => {
  const { stale, noarp, failed } = NEIGHBOR_STATE
  const { hardwareAddress, ...unknown } = neighbor({ state: stale })

  it.each<[Neighbor, string | undefined, string | undefined, string | undefined]>([
    [neighbor(), undefined, undefined, 'not-asked-for'],
    [neighbor({ state: stale }), 'learned', undefined, 'not-asked-for'],
    [neighbor({ state: noarp }), 'noarp', undefined, 'not-asked-for'],
    [
      neighbor({ state: noarp, hardwareAddress: 'ff:ff:ff:ff:ff:ff' }),
      'learned',
      'learned',
      'not-asked-for',
    ],
    [neighbor({ state: failed }), 'learned', 'learned', 'not-asked-for'],
    [unknown, 'learned', 'learned', 'not-asked-for'],
    [{ ...unknown, state: 0, flags: NEIGHBOR_FLAG.proxy }, undefined, undefined, 'not-asked-for'],
    [neighbor({ address: '224.0.0.22' }), 'multicast', 'multicast', 'multicast'],
    [neighbor({ family: 'inet6', address: 'ff02::2' }), 'multicast', 'multicast', 'multicast'],
  ])(
    '%j, of the permanent ones: %s, of all: %s, of none: %s',
    (one, ofPermanent, ofAll, ofNone) => {
      expect(reasonToLeaveNeighbor(one, { neighbors: 'permanent' })).toBe(ofPermanent)
      expect(reasonToLeaveNeighbor(one, { neighbors: 'all' })).toBe(ofAll)
      expect(reasonToLeaveNeighbor(one, { neighbors: 'none' })).toBe(ofNone)
    },
  )
})
