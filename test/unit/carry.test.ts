import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { carriedState } from '../../src/state/carry.js'
import { carried } from '../../src/state/reasons.js'
import { address, link, neighbor, route, rule, state } from '../support/kernel-objects.js'

describe('what is carried', () => {
  it('is what nobody gave a reason to leave behind', () => {
    const things = [{ value: 1 }, { value: 2, leftBehind: 'dynamic' as const }, { value: 3 }]
    expect(carried(things)).toEqual([1, 3])
  })

  it('is all of it as it was, in order, for a device that is to be up', () => {
    const [first, second] = [address(), address({ local: '198.51.100.6' })]
    const captured = state({
      addresses: [{ value: first }, { value: second }],
      routes: [{ value: route() }, { value: route({ table: 5 }), leftBehind: 'not-asked-for' }],
      rules: [{ value: rule() }],
      neighbors: [{ value: neighbor() }],
      sysctls: [{ name: 'net.ipv4.conf.rp_filter', value: '2' }],
    })
    expect(carriedState(captured, link({ up: false }))).toEqual({
      up: true,
      addresses: [first, second],
      routes: [route()],
      order: [route()],
      rules: [rule()],
      neighbors: [neighbor()],
      sysctls: [{ name: 'net.ipv4.conf.rp_filter', value: '2' }],
      remarks: [],
    })
  })

  it('is a lease as a permanent address, with a remark', () => {
    const leased = address({ validSeconds: 900, preferredSeconds: 600 })
    const { addresses, remarks } = carriedState(state({ addresses: [{ value: leased }] }), link())
    expect(addresses).toEqual([address()])
    expect(remarks).toEqual([
      'the lease of 198.51.100.5/24 is carried as a permanent address: nobody renews it in the sandbox, and it had 900 seconds left',
    ])
  })

  const routesOf = (...routes: Route[]) =>
    carriedState(
      state({ addresses: [{ value: address() }], routes: routes.map((value) => ({ value })) }),
      link(),
    )

  it('is of a multipath route the nexthops of the device, with a remark', () => {
    const own = [
      { interfaceIndex: 2, gateway: '198.51.100.1', weight: 3 },
      { interfaceIndex: 2, gateway: '198.51.100.2', weight: 1 },
    ]
    const other = { interfaceIndex: 3, gateway: '192.0.2.1', weight: 2 }
    expect(routesOf(route({ nexthops: own })).remarks).toEqual([])
    const { routes, remarks } = routesOf(route({ nexthops: [...own, other] }))
    expect(routes).toEqual([route({ nexthops: own })])
    expect(remarks).toEqual([
      'of the route 203.0.113.0/24 nexthop via 198.51.100.1 dev eth1 weight 3 nexthop via 198.51.100.2 dev eth1 weight 1 nexthop via 192.0.2.1 dev #3 weight 2 only what leaves by the device is carried',
    ])
  })

  it('is a route without a source that stays behind, with a remark', () => {
    const preferredSource = '198.51.100.7'
    const { routes, remarks } = routesOf(
      route({ preferredSource: '198.51.100.5' }),
      route({ preferredSource }),
    )
    expect(routes).toEqual([route({ preferredSource: '198.51.100.5' }), route()])
    expect(remarks).toEqual([
      'the route 203.0.113.0/24 via 198.51.100.1 dev eth1 src 198.51.100.7 is carried without its source 198.51.100.7, an address that stays behind',
    ])
  })
})
