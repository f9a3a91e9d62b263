import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/kernel/netlink/address-schema.js'
import { ADDRESS_FLAG, SCOPE } from '../../src/kernel/netlink/constants.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { leaveDependentRoutes } from '../../src/state/dependent-routes.js'
import type { Captured } from '../../src/state/schema.js'
import { address, link, route } from '../support/kernel-objects.js'

const leased = (differences: Partial<Address> = {}): Captured<Address> => ({
  value: address({ flags: 0, ...differences }),
  leftBehind: 'dynamic',
})
const permanent = (differences: Partial<Address> = {}): Captured<Address> => ({
  value: address({ local: '192.0.2.5', ...differences }),
})
const onLink = (destination: string, differences: Partial<Route> = {}) =>
  route({
    destination,
    scope: SCOPE.link,
    nexthops: [{ interfaceIndex: 2, weight: 1 }],
    ...differences,
  })
const via = (gateway: string, differences: object = {}) =>
  route({
    family: gateway.includes(':') ? 'inet6' : 'inet',
    destination: gateway.includes(':') ? '::/0' : '0.0.0.0/0',
    nexthops: [{ interfaceIndex: 2, gateway, weight: 1, ...differences }],
  })

/** Which of the routes stay behind with the addresses. */
const left = (addresses: Captured<Address>[], ...routes: Route[]) =>
  leaveDependentRoutes(
    routes.map((value) => ({ value })),
    addresses,
    link(),
  ).map(({ leftBehind }) => leftBehind === 'with-address')

describe('a route stays behind with an address', () => {
  const both = [leased(), permanent()]

  it.each<[string, Route, boolean]>([
    ['that alone reaches its gateway', via('198.51.100.1'), true],
    ['not if another address reaches it', via('192.0.2.1'), false],
    ['not if nothing at all reaches it', via('10.0.0.1'), false],
    ['not if it says that it is on the link', via('198.51.100.1', { onlink: true }), false],
    ['not if another device leads there', via('198.51.100.1', { interfaceIndex: 3 }), false],
    [
      'that is the source of a route on the link',
      onLink('10.0.0.0/8', { preferredSource: '198.51.100.5' }),
      true,
    ],
    [
      'not if it is of another source',
      onLink('10.0.0.0/8', { preferredSource: '192.0.2.5' }),
      false,
    ],
    ['not if it is on the link of any', onLink('10.0.0.0/8'), false],
  ])('%s', (_, value, isLeft) => {
    expect(left(both, value)).toEqual([isLeft])
    expect(left([permanent()], value)).toEqual([false])
  })

  it('if that is the only one of IPv4', () => {
    expect(left([leased()], onLink('10.0.0.0/8'), via('198.51.100.1'))).toEqual([true, true])
    const ipv6 = permanent({ family: 'inet6', local: '2001:db8::5', prefixLength: 64 })
    expect(left([leased(), ipv6], onLink('10.0.0.0/8'), via('2001:db8::1'))).toEqual([true, false])
  })

  it('if it is the way to a gateway of one that does', () => {
    const way = onLink('198.51.100.1/32', { preferredSource: '198.51.100.5' })
    const routes = [via('198.51.100.1'), way]
    expect(left([leased({ prefixLength: 32 }), permanent()], ...routes)).toEqual([true, true])
    const free = onLink('198.51.100.1/32')
    expect(left([leased(), permanent()], via('198.51.100.1'), free)).toEqual([false, false])
  })

  it('not to the far end of another one', () => {
    const peer = permanent({ local: '10.1.0.1', peer: '198.51.100.1', prefixLength: 32 })
    expect(left([leased(), peer], via('198.51.100.1'))).toEqual([false])
    const { noprefixroute } = ADDRESS_FLAG
    const without = permanent({ local: '198.51.100.6', flags: noprefixroute })
    expect(left([leased(), without], via('198.51.100.1'))).toEqual([true])
  })

  it('of IPv6 only if it is not link-local', () => {
    const own: Captured<Address> = {
      value: address({ family: 'inet6', local: 'fe80::5', prefixLength: 64, scope: SCOPE.link }),
      leftBehind: 'link-local',
    }
    const dynamic = leased({ family: 'inet6', local: '2001:db8::5', prefixLength: 64 })
    expect(left([own, dynamic], via('fe80::1'), via('2001:db8::1'))).toEqual([false, true])
  })
})
