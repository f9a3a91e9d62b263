import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { withRoutesAway } from '../../src/state/routes-away.js'
import type { HostNetworkState } from '../../src/state/schema.js'

const route = (destination: string, interfaceIndex: number): Route => ({
  ...{ family: 'inet6', table: 254, protocol: 3, scope: 0, type: 1, typeOfService: 0, flags: 0 },
  destination,
  nexthops: [{ interfaceIndex, weight: 1, gateway: `fe80::${interfaceIndex}` }],
})

const stateWith = (...routes: Route[]): HostNetworkState => ({
  ...{ addresses: [], rules: [], neighbors: [], sysctls: [] },
  routes: routes.map((value) => ({ value })),
})

describe('routes of devices that are away', () => {
  const own = route('2001:db8::/32', 3)
  const other = route('2001:db8::/32', 4)
  const elsewhere = route('2001:db9::/32', 4)

  it('are shared where they are in the place of an own one, in the order of the host', () => {
    const state = withRoutesAway(stateWith(own), [stateWith(other, elsewhere)])
    expect(state).toEqual({ ...stateWith(own), shared: [other, own] })
  })

  it('change nothing where they are in other places', () => {
    const state = stateWith(own)
    expect(withRoutesAway(state, [stateWith(elsewhere)])).toBe(state)
  })
})
