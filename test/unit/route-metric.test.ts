import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { givingMetric } from '../../src/state/route-metric.js'

const route = (differences: Partial<Route> = {}): Route => ({
  family: 'inet',
  destination: '0.0.0.0/0',
  typeOfService: 0,
  table: 254,
  protocol: 4,
  scope: 0,
  type: 1,
  nexthops: [{ interfaceIndex: 2, gateway: '198.51.100.1', weight: 1 }],
  ...differences,
})

const inet6 = { family: 'inet6', destination: '::/0' } as const

const metricsOf = (routes: Route[], metric?: number) =>
  routes.map(givingMetric(routes, metric)).map(({ priority }) => priority)

describe('the metric of carried routes', () => {
  it('is their own where none is asked for', () => {
    expect(metricsOf([route(), route({ priority: 7 })])).toEqual([undefined, 7])
  })

  it('is the one asked for, of the best route to a destination; others keep their distance', () => {
    const routes = [
      route({ priority: 300 }),
      route({ priority: 100 }),
      route({ destination: '10.0.0.0/8', priority: 900 }),
      route({ table: 100 }),
      route({ typeOfService: 16, priority: 5 }),
    ]
    expect(metricsOf(routes, 50)).toEqual([250, 50, 50, 50, 50])
  })

  it('of IPv6 counts from 1024, which the kernel gives a route without one', () => {
    expect(metricsOf([route(inet6), route({ ...inet6, priority: 1030 })], 50)).toEqual([50, 56])
  })

  it('is at most the largest that there is', () => {
    const routes = [route({ priority: 1 }), route({ priority: 0xffffffff })]
    expect(metricsOf(routes, 100)).toEqual([100, 0xffffffff])
  })
})
