import { describe, expect, it } from 'vitest'
import { TABLE } from '../../src/kernel/netlink/constants.js'
import { REASONS, type Reason } from '../../src/state/reasons.js'
import { stateToRestore } from '../../src/state/state-to-restore.js'
import { address, link, neighbor, route, rule, state } from '../support/kernel-objects.js'

describe('what a device gets back', () => {
  it('is all that does not come back by itself, and no rule', () => {
    const reasons = Object.keys(REASONS) as Reason[]
    // Each in a table of its own, by which it is known again.
    const tableOf = (reason: string) => 1000 + Object.keys(REASONS).indexOf(reason)
    const routes = [
      { value: route() },
      ...reasons.map((leftBehind) => ({
        value: route({ table: tableOf(leftBehind) }),
        leftBehind,
      })),
    ]
    const sysctls = [{ name: 'net.ipv4.conf.rp_filter', value: '2' }]
    const captured = state({ routes, rules: [{ value: rule() }], sysctls })
    const restored = stateToRestore(captured, link())
    expect(restored).toMatchObject({ up: true, rules: [], sysctls })
    expect(restored.routes.map(({ table }) => table)).toEqual([
      TABLE.main,
      ...['not-asked-for', 'host-scope', 'link-scope', 'dynamic', 'autoconfigured'].map(tableOf),
      ...['duplicate', 'with-address', 'local-table'].map(tableOf),
      ...['router-advertisement', 'noarp'].map(tableOf),
    ])
  })

  it('is to be up only if it was', () => {
    expect(stateToRestore(state(), link({ up: false })).up).toBe(false)
  })

  it('is neighbours too', () => {
    const neighbors = [
      { value: neighbor() },
      { value: neighbor({ address: '198.51.100.8' }), leftBehind: 'learned' as const },
    ]
    expect(stateToRestore(state({ neighbors }), link()).neighbors).toEqual([neighbor()])
  })

  const addressAfter = (elapsed: number, lifetimes: object) =>
    stateToRestore(state({ addresses: [{ value: address(lifetimes) }] }), link(), elapsed).addresses

  it.each([
    [0, { validSeconds: 900, preferredSeconds: 600 }, { validSeconds: 900, preferredSeconds: 600 }],
    [
      100,
      { validSeconds: 900, preferredSeconds: 600 },
      { validSeconds: 800, preferredSeconds: 500 },
    ],
    [700, { validSeconds: 900, preferredSeconds: 600 }, { validSeconds: 200, preferredSeconds: 0 }],
    [100, { validSeconds: 900 }, { validSeconds: 800, preferredSeconds: 800 }],
    [100, { preferredSeconds: 900 }, { preferredSeconds: 800 }],
  ])('after %i seconds is of a lease of %j one of %j', (elapsed, before, after) => {
    expect(addressAfter(elapsed, before)).toEqual([address(after)])
  })

  it('is no lease that has expired, and every address without one', () => {
    expect(addressAfter(900, { validSeconds: 900, preferredSeconds: 900 })).toEqual([])
    expect(addressAfter(1e9, {})).toEqual([address()])
  })

  it('is routes for as long as they have left', () => {
    const routes = [route({ expiresSeconds: 1800 }), route()].map((value) => ({ value }))
    const routesAfter = (elapsed: number) =>
      stateToRestore(state({ routes }), link(), elapsed).routes
    expect(routesAfter(100)).toEqual([route({ expiresSeconds: 1700 }), route()])
    expect(routesAfter(1800)).toEqual([route()])
  })
})
