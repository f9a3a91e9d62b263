import { describe, expect, it } from 'vitest'
import { ROUTE_PROTOCOL, ROUTE_TYPE, TABLE } from '../../src/kernel/netlink/constants.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { isDefaultRoute, routeKey } from '../../src/state/routes.js'
import { route } from '../support/kernel-objects.js'

describe('two routes of a device are the same', () => {
  const [nexthop] = route().nexthops

  it.each<[Partial<Route>]>([
    [{ protocol: ROUTE_PROTOCOL.static }],
    [{ priority: 0 }],
    [{ metrics: { mtu: 1400 } }],
    [{ nexthops: [{ interfaceIndex: 77, gateway: '198.51.100.1', weight: 5 }] }],
  ])('whatever their %j', (differences) => {
    expect(routeKey(route(differences))).toBe(routeKey(route()))
  })

  it.each<[Partial<Route>]>([
    [{ family: 'inet6' }],
    [{ destination: '203.0.113.0/25' }],
    [{ source: '192.0.2.0/24' }],
    [{ table: 100 }],
    [{ typeOfService: 16 }],
    [{ priority: 1 }],
    [{ scope: 42 }],
    [{ preferredSource: '198.51.100.5' }],
    [{ type: ROUTE_TYPE.blackhole }],
    [{ nexthops: [] }],
    [{ nexthops: [{ interfaceIndex: 2, gateway: '198.51.100.2', weight: 1 }] }],
    [{ nexthops: [{ interfaceIndex: 2, via: { family: 'inet6', address: '::1' }, weight: 1 }] }],
    [{ nexthops: nexthop ? [nexthop, nexthop] : [] }],
  ])('but not with %j', (differences) => {
    expect(routeKey(route(differences))).not.toBe(routeKey(route()))
  })
})

describe('of IPv6 the kernel has one route with a nexthop, whatever its', () => {
  const inet6 = route({ family: 'inet6', destination: '2001:db8::/32' })

  it.each<[Partial<Route>]>([
    [{ scope: 42 }],
    [{ preferredSource: '2001:db8::5' }],
    [{ priority: 1024 }],
  ])('%j', (differences) => {
    expect(routeKey({ ...inet6, ...differences })).toBe(routeKey(inet6))
  })
})

describe('a default route', () => {
  it.each<[Partial<Route>, boolean]>([
    [{ destination: '0.0.0.0/0' }, true],
    [{ family: 'inet6', destination: '::/0' }, true],
    [{ destination: '0.0.0.0/0', nexthops: [] }, true],
    [{ destination: '0.0.0.0/1' }, false],
    [{ destination: '10.0.0.0/10' }, false],
    [{ destination: '0.0.0.0/0', table: TABLE.default }, false],
    [{ destination: '0.0.0.0/0', type: ROUTE_TYPE.unreachable }, false],
  ])('%j: %s', (differences, expected) => {
    expect(isDefaultRoute(route(differences))).toBe(expected)
  })
})
