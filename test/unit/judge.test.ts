import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/kernel/objects/address.js'
import type { Route } from '../../src/kernel/objects/route.js'
import { reasonToLeaveAddress } from '../../src/network-state/judge-address.js'
import { reasonToLeaveRoute } from '../../src/network-state/judge-route.js'

const address = (differences: Partial<Address>): Address => ({
  family: 'inet',
  local: '198.51.100.5',
  prefixLength: 24,
  scope: 0,
  flags: ['permanent'],
  ...differences,
})

const route = (differences: Partial<Route>): Route => ({
  family: 'inet',
  destination: '198.51.100.0/24',
  typeOfService: 0,
  table: 254,
  protocol: 'BOOT',
  scope: 0,
  type: 'UNICAST',
  hops: [{ interfaceIndex: 1, weight: 1 }],
  ...differences,
})

describe('an address', () => {
  it.each([
    [{}, undefined],
    [{ flags: ['permanent', 'noprefixroute'] }, undefined],
    [{ flags: ['permanent', 'secondary'] }, undefined],
    [{ scope: 254 }, 'host-scope'],
    [{ scope: 253 }, 'link-local'],
    [{ flags: [] }, 'dynamic'],
    [{ flags: ['managetempaddr'], family: 'inet6' as const }, 'autoconfigured'],
    [{ flags: ['secondary'], family: 'inet6' as const }, 'temporary'],
    [{ flags: ['permanent', 'dadfailed', 'tentative'] }, 'duplicate'],
  ])('with %j: %s', (differences, reason) => {
    expect(reasonToLeaveAddress(address(differences), { dynamicAddresses: 'drop' })).toBe(reason)
  })
})

describe('a route', () => {
  it.each([
    [{}, undefined],
    [{ destination: '0.0.0.0/0' }, undefined],
    [{ protocol: 'DHCP' }, undefined],
    [{ table: 100000 }, undefined],
    [{ destination: '224.0.0.0/4' }, undefined],
    [{ protocol: 'KERNEL' }, 'kernel-made'],
    [{ protocol: 'KERNEL', table: 255, type: 'LOCAL' }, 'kernel-made'],
    [{ table: 255, type: 'LOCAL' }, 'local-table'],
    [{ protocol: 'RA' }, 'router-advertisement'],
    [{ protocol: 'REDIRECT' }, 'redirect'],
    [{ cloned: true as const }, 'cache-entry'],
    [{ family: 'inet6' as const, destination: 'fe80::/64' }, 'link-local'],
    [{ family: 'inet6' as const, destination: '2001:db8::/32' }, undefined],
  ])('with %j: %s', (differences, reason) => {
    expect(reasonToLeaveRoute(route(differences), [address({})])).toBe(reason)
  })

  it('that claims to be the kernel’s, beside an address without a prefix route, is carried', () => {
    const flags = ['permanent', 'noprefixroute']
    expect(reasonToLeaveRoute(route({ protocol: 'KERNEL' }), [address({ flags })])).toBe(undefined)
  })
})
