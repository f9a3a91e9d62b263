import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetworkNamespace } from '../../src/kernel/namespace.js'
import { ROUTE_PROTOCOL, ROUTE_TYPE, SCOPE, TABLE } from '../../src/kernel/netlink/constants.js'
import { findLink } from '../../src/kernel/netlink/link.js'
import { newRouteRequest } from '../../src/kernel/netlink/route.js'
import { dumpRoutes } from '../../src/kernel/netlink/route-dump.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { addRoutes } from '../../src/state/add-routes.js'
import { Testbed } from '../support/testbed.js'

/** Straight on the kernel, with routes in an order that a plan would not have. */
describe('routes are added', () => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function add(differences: Partial<Route>[], gateways: (string | undefined)[]) {
    using here = NetworkNamespace.host()
    using host = here.open(`/run/netns/${testbed.host}`)
    const device = findLink(host.socket, { name: 'eth1' })
    if (!device) throw new Error('the testbed has no eth1')
    const additions = differences.map((one, n) => {
      const gateway = gateways[n]
      const value: Route = {
        family: 'inet',
        destination: '0.0.0.0/0',
        typeOfService: 0,
        table: TABLE.main,
        protocol: ROUTE_PROTOCOL.static,
        scope: SCOPE.universe,
        type: ROUTE_TYPE.unicast,
        nexthops: [{ interfaceIndex: device.index, weight: 1, ...(gateway ? { gateway } : {}) }],
        ...one,
      }
      return { value, request: newRouteRequest(value) }
    })
    const refused = addRoutes(host.socket, device, additions)
    return { refused, there: dumpRoutes(host.socket, { device: device.index }) }
  }

  it('again, as long as anything new could be added', () => {
    const gateway = { destination: '192.0.2.1/32', scope: SCOPE.link }
    const { refused, there } = add([{}, gateway], ['192.0.2.1', undefined])
    expect(refused).toEqual([])
    expect(there.map(({ destination }) => destination)).toContain('0.0.0.0/0')
  })

  it('until nothing more can be, and what is left is told in the kernel’s words', () => {
    const reachable = { destination: '10.0.0.0/8' }
    const { refused } = add([{}, reachable], ['192.0.2.1', '198.51.100.1'])
    expect(refused).toHaveLength(1)
    expect(refused[0]?.value.destination).toBe('0.0.0.0/0')
    expect(refused[0]?.error.message).toBe(
      'Network is unreachable (ENETUNREACH), the kernel says: "Nexthop has invalid gateway"',
    )
  })

  it('once: what is there counts as added, another route in its place does not', () => {
    const twice = add([{}, {}], ['198.51.100.1', '198.51.100.1'])
    expect(twice.refused).toEqual([])
    const other = add([{}], ['198.51.100.2'])
    expect(other.refused[0]?.error.message).toBe('File exists (EEXIST)')
  })

  it('not again where the kernel has one that it would not take now', () => {
    const route = { destination: '10.0.0.0/8' }
    testbed.onHost('route add 192.0.2.1 dev eth1')
    expect(add([route], ['192.0.2.1']).refused).toEqual([])
    testbed.onHost('route del 192.0.2.1 dev eth1')
    expect(add([route], ['192.0.2.1']).refused).toEqual([])
    expect(add([route], ['192.0.2.2']).refused).toHaveLength(1)
  })
})
