import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressText } from '../../src/kernel/ip-address.js'
import { addressRequest, decodeAddress } from '../../src/kernel/netlink/address.js'
import { encodeAttributes } from '../../src/kernel/netlink/attributes.js'
import { decodeNeighbor, newNeighborRequest } from '../../src/kernel/netlink/neighbor.js'
import type { Request } from '../../src/kernel/netlink/request.js'
import { decodeRoute, newRouteRequest } from '../../src/kernel/netlink/route.js'
import { decodeRule, ruleRequest } from '../../src/kernel/netlink/rule.js'
import type { Address } from '../../src/kernel/objects/address.js'
import type { Family } from '../../src/kernel/objects/family.js'
import type { Neighbor } from '../../src/kernel/objects/neighbor.js'
import type { Hop, Route } from '../../src/kernel/objects/route.js'
import type { Rule } from '../../src/kernel/objects/rule.js'

const family = fc.constantFrom<Family>('inet', 'inet6')

const ipOf = (of: Family) => {
  const length = of === 'inet' ? 4 : 16
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => addressText(Buffer.from(bytes)))
}

const prefixOf = (of: Family) =>
  fc
    .tuple(ipOf(of), fc.integer({ min: 1, max: of === 'inet' ? 32 : 128 }))
    .map(([address, length]) => `${address}/${length}`)

const u32 = fc.integer({ min: 0, max: 0xffffffff })

/** Attributes with numbers that no kernel uses yet. */
const unknownAttributes = fc.array(
  fc.record({
    type: fc.integer({ min: 200, max: 300 }),
    bytes: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  }),
  { minLength: 1, maxLength: 3 },
)

/** Without the keys that are undefined: as they come out of a decoder. */
const present = <T extends object>(value: T) => JSON.parse(JSON.stringify(value)) as T

const metrics = fc
  .record(
    {
      lock: u32,
      mtu: u32,
      advmss: u32,
      rto_min: u32,
      congctl: fc.constantFrom('cubic', 'bbr'),
      '#30': fc.constantFrom('', '00ff'),
    },
    { requiredKeys: [] },
  )
  .map((value) => present(value))

const hopOf = (of: Family): fc.Arbitrary<Hop> =>
  fc
    .record({
      interfaceIndex: fc.integer({ min: 1, max: 0x7fffffff }),
      onlink: fc.constantFrom(true as const, undefined),
      weight: fc.constant(1),
      gateway: fc.option(ipOf(of), { nil: undefined }),
    })
    .map((hop) => present(hop) as Hop)

const route: fc.Arbitrary<Route> = family.chain((of) =>
  fc
    .record({
      family: fc.constant(of),
      destination: fc.oneof(fc.constant(of === 'inet' ? '0.0.0.0/0' : '::/0'), prefixOf(of)),
      typeOfService: fc.integer({ min: 0, max: 255 }),
      table: fc.integer({ min: 1, max: 0xffffffff }),
      protocol: fc.constantFrom<string | number>('STATIC', 'DHCP', 200),
      scope: fc.constantFrom(0, 200, 253, 42),
      type: fc.constantFrom<string | number>('UNICAST', 'BLACKHOLE'),
      metrics: fc.option(metrics, { nil: undefined }),
      preference: fc.option(fc.constantFrom(0, 1, 3), { nil: undefined }),
      hops: fc.array(hopOf(of), { maxLength: 3 }),
      opaque: fc.option(unknownAttributes, { nil: undefined }),
      source: fc.option(prefixOf(of), { nil: undefined }),
      priority: fc.option(u32, { nil: undefined }),
      preferredSource: fc.option(ipOf(of), { nil: undefined }),
    })
    .map((value) => present(value) as Route),
)

const address: fc.Arbitrary<Address> = family.chain((of) =>
  fc
    .record({
      family: fc.constant(of),
      local: ipOf(of),
      prefixLength: fc.integer({ min: 0, max: of === 'inet' ? 32 : 128 }),
      scope: fc.constantFrom(0, 253, 254),
      flags: fc.subarray(['nodad', 'homeaddress', 'noprefixroute', 'mcautojoin']),
      opaque: fc.option(unknownAttributes, { nil: undefined }),
      peer: fc.option(ipOf(of), { nil: undefined }),
      broadcast: fc.option(ipOf(of), { nil: undefined }),
      label: fc.option(fc.string({ minLength: 1, maxLength: 15 }).filter(noZero), {
        nil: undefined,
      }),
      metric: fc.option(u32, { nil: undefined }),
      protocol: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
    })
    .filter(({ local, peer }) => local !== peer)
    .map((value) => present(value) as Address),
)

function noZero(text: string): boolean {
  return !text.includes('\0')
}

const range = (most: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: most }))
    .map((ends) => ends.toSorted((a, b) => a - b).join('-'))

const rule: fc.Arbitrary<Rule> = family.chain((of) =>
  fc
    .record({
      family: fc.constant(of),
      priority: u32,
      action: fc.constantFrom<string | number>('toTbl', 'prohibit', 9),
      table: u32,
      invert: fc.boolean(),
      typeOfService: fc.integer({ min: 0, max: 255 }),
      from: fc.option(prefixOf(of), { nil: undefined }),
      to: fc.option(prefixOf(of), { nil: undefined }),
      inputInterface: fc.option(fc.constant('eth1'), { nil: undefined }),
      outputInterface: fc.option(fc.constant('eth1'), { nil: undefined }),
      firewallMark: fc.option(u32, { nil: undefined }),
      firewallMask: fc.option(u32, { nil: undefined }),
      protocol: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
      sourcePorts: fc.option(range(0xffff), { nil: undefined }),
      destinationPorts: fc.option(range(0xffff), { nil: undefined }),
      users: fc.option(range(0xffffffff), { nil: undefined }),
      suppressPrefixLength: fc.option(fc.integer({ min: 0, max: 128 }), { nil: undefined }),
      opaque: fc.option(unknownAttributes, { nil: undefined }),
    })
    .map((value) => present(value) as Rule),
)

const neighbor: fc.Arbitrary<Neighbor> = family.chain((of) =>
  fc
    .record({
      family: fc.constant(of),
      address: ipOf(of),
      hardwareAddress: fc.option(fc.constantFrom('02:00:00:00:00:01', '80:00'), {
        nil: undefined,
      }),
      state: fc.subarray(['stale', 'noarp', 'permanent']),
      flags: fc.subarray(['proxy', 'router']),
      opaque: fc.option(unknownAttributes, { nil: undefined }),
    })
    .map((value) => present(value) as Neighbor),
)

const bytesOf = ({ header, attributes }: Request) =>
  Buffer.concat([header, encodeAttributes(attributes ?? [])])

describe('the netlink codec', () => {
  it('brings every route back as it was', () => {
    fc.assert(
      fc.property(route, (value) => {
        expect(decodeRoute({ data: bytesOf(newRouteRequest(value)) })).toEqual(value)
      }),
    )
  })

  it('brings every address back as it was', () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(decodeAddress(bytesOf(addressRequest(value, 7, 'create')))).toEqual(value)
      }),
    )
  })

  it('brings every rule back as it was', () => {
    fc.assert(
      fc.property(rule, (value) => {
        expect(decodeRule({ data: bytesOf(ruleRequest(value, 'add')) })).toEqual(value)
      }),
    )
  })

  it('brings every neighbour back as it was', () => {
    fc.assert(
      fc.property(neighbor, (value) => {
        expect(decodeNeighbor(bytesOf(newNeighborRequest(value, 7)))).toEqual(value)
      }),
    )
  })

  it('passes over families that carry no IP addresses', () => {
    const bridge = Buffer.from([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(decodeRoute({ data: bridge })).toBe(undefined)
    expect(decodeAddress(bridge.subarray(0, 8))).toBe(undefined)
  })
})
