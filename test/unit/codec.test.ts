import fc from 'fast-check'
import {
  formatAddress,
  formatNeighbor,
  formatRoute,
  formatRule,
  parseAddressCacheInfo,
} from 'netlink/dist/rt/gen_structs'
import { describe, expect, it } from 'vitest'
import { addressText } from '../../src/kernel/ip-address.js'
import { addressRequest, decodeAddress } from '../../src/kernel/netlink/address.js'
import type { Address } from '../../src/kernel/netlink/address-schema.js'
import { encodeAttributes } from '../../src/kernel/netlink/attributes.js'
import type { Family } from '../../src/kernel/netlink/common-schema.js'
import type { Request } from '../../src/kernel/netlink/message.js'
import { decodeNeighbor, newNeighborRequest } from '../../src/kernel/netlink/neighbor.js'
import type { Neighbor } from '../../src/kernel/netlink/neighbor-schema.js'
import {
  decodeNexthopObject,
  nexthopObjectRequest,
} from '../../src/kernel/netlink/nexthop-object.js'
import type { NexthopObject } from '../../src/kernel/netlink/nexthop-object-schema.js'
import { decodeRoute, newRouteRequest } from '../../src/kernel/netlink/route.js'
import type { Nexthop, Route } from '../../src/kernel/netlink/route-schema.js'
import { decodeRule, ruleRequest } from '../../src/kernel/netlink/rule.js'
import type { Rule } from '../../src/kernel/netlink/rule-schema.js'

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

const u8 = fc.integer({ min: 0, max: 0xff })
/** Less than what stands for ever. */
const seconds = fc.integer({ min: 0, max: 0xfffffffe })
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

/** @param alone the weight of the only nexthop is not in the message */
const nexthopOf = (of: Family, alone: boolean): fc.Arbitrary<Nexthop> =>
  fc
    .record({
      interfaceIndex: fc.integer({ min: 1, max: 0x7fffffff }),
      onlink: fc.constantFrom(true as const, undefined),
      weight: alone ? fc.constant(1) : fc.integer({ min: 1, max: 256 }),
      gateway: fc.option(ipOf(of), { nil: undefined }),
      via: fc.option(viaOf(of === 'inet' ? 'inet6' : 'inet'), { nil: undefined }),
    })
    .map((nexthop) => present(nexthop) as Nexthop)

const viaOf = (family: Family) => ipOf(family).map((address) => ({ family, address }))

const nexthopsOf = (of: Family) =>
  fc.oneof(
    fc.array(nexthopOf(of, true), { maxLength: 1 }),
    fc.array(nexthopOf(of, false), { minLength: 2, maxLength: 3 }),
  )

const routeOf = (of: Family): fc.Arbitrary<Route> =>
  fc
    .record({
      family: fc.constant(of),
      destination: fc.oneof(fc.constant(of === 'inet' ? '0.0.0.0/0' : '::/0'), prefixOf(of)),
      typeOfService: fc.integer({ min: 0, max: 255 }),
      table: fc.integer({ min: 1, max: 0xffffffff }),
      protocol: u8,
      scope: u8,
      type: u8,
      metrics: fc.option(metrics, { nil: undefined }),
      preference: fc.option(fc.constantFrom(0, 1, 3), { nil: undefined }),
      nexthops: nexthopsOf(of),
      opaque: fc.option(unknownAttributes, { nil: undefined }),
      source: fc.option(prefixOf(of), { nil: undefined }),
      priority: fc.option(u32, { nil: undefined }),
      preferredSource: fc.option(ipOf(of), { nil: undefined }),
    })
    .map((value) => present(value) as Route)

const route = family.chain(routeOf)

const nexthopObject = fc
  .record({
    id: fc.integer({ min: 1, max: 0xffffffff }),
    protocol: u8,
    members: fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 0xffffffff }),
        weight: fc.integer({ min: 1, max: 65536 }),
      }),
      { maxLength: 3 },
    ),
  })
  .chain(
    (object): fc.Arbitrary<NexthopObject> =>
      object.members.length > 0
        ? fc.constant({ ...object, family: 0 })
        : family.chain((of) =>
            nexthopOf(of, true).map(({ via, ...nexthop }) => ({
              ...object,
              family: numberOf(of),
              nexthop,
            })),
          ),
  )

const address: fc.Arbitrary<Address> = family.chain((of) =>
  fc
    .record({
      family: fc.constant(of),
      local: ipOf(of),
      prefixLength: fc.integer({ min: 0, max: of === 'inet' ? 32 : 128 }),
      scope: u8,
      flags: u32,
      opaque: fc.option(unknownAttributes, { nil: undefined }),
      peer: fc.option(ipOf(of), { nil: undefined }),
      broadcast: fc.option(ipOf(of), { nil: undefined }),
      label: fc.option(fc.string({ minLength: 1, maxLength: 15 }).filter(noZero), {
        nil: undefined,
      }),
      metric: fc.option(u32, { nil: undefined }),
      validSeconds: fc.option(seconds, { nil: undefined }),
      preferredSeconds: fc.option(fc.oneof(seconds, fc.constant(0)), { nil: undefined }),
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
      action: u8,
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
      state: fc.integer({ min: 0, max: 0xffff }),
      flags: u8,
      opaque: fc.option(unknownAttributes, { nil: undefined }),
    })
    .map((value) => present(value) as Neighbor),
)

/** A message from the kernel with what a request to the kernel has in it. */
const reported = ({ header, attributes }: Request) => ({
  data: Buffer.concat([header, encodeAttributes(attributes ?? [])]),
})

describe('the netlink codec', () => {
  it('brings every route back as it was', () => {
    fc.assert(
      fc.property(route, (value) => {
        expect(decodeRoute(reported(newRouteRequest(value)))).toEqual(value)
      }),
    )
  })

  it('brings every address back as it was', () => {
    fc.assert(
      fc.property(address, (value) => {
        const { createdAt: _, ...back } =
          decodeAddress(reported(addressRequest(value, 7, 'create'))) ?? {}
        expect(back).toEqual(value)
      }),
    )
  })

  it('brings every rule back as it was', () => {
    fc.assert(
      fc.property(rule, (value) => {
        expect(decodeRule(reported(ruleRequest(value, 'add')))).toEqual(value)
      }),
    )
  })

  it('brings every neighbour back as it was', () => {
    fc.assert(
      fc.property(neighbor, (value) => {
        expect(decodeNeighbor(reported(newNeighborRequest(value, 7)))).toEqual(value)
      }),
    )
  })

  it('brings every nexthop object back as it was', () => {
    fc.assert(
      fc.property(nexthopObject, (value) => {
        expect(decodeNexthopObject(reported(nexthopObjectRequest(value, 'create')))).toEqual(value)
      }),
    )
  })

  it('asks for a route by its nexthop object, without the nexthops', () => {
    fc.assert(
      fc.property(route, u32, (value, nexthopObject) => {
        const request = newRouteRequest({ ...value, nexthopObject })
        expect(decodeRoute(reported(request))).toEqual({ ...value, nexthops: [], nexthopObject })
      }),
    )
  })

  it('passes over families that carry no IP addresses', () => {
    const bridge = { data: Buffer.from([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }
    expect(decodeRoute(bridge)).toBe(undefined)
    expect(decodeAddress(bridge)).toBe(undefined)
    expect(decodeRule(bridge)).toBe(undefined)
    expect(decodeNeighbor(bridge)).toBe(undefined)
  })
})

/** The package that knows all structures; its functions are too slow to load for the plugin. */
describe('the fixed part of a message is what the netlink package makes it', () => {
  it('of a route', () => {
    fc.assert(
      fc.property(route, (value) => {
        const { family, destination, source, table, nexthops } = value
        const expected = formatRoute({
          family: numberOf(family),
          dstLen: lengthOf(destination),
          srcLen: lengthOf(source),
          tos: value.typeOfService,
          table: table > 255 ? 0 : table,
          protocol: value.protocol,
          scope: value.scope,
          type: value.type,
          flags: { __unknown: nexthops.length === 1 && nexthops[0]?.onlink ? 4 : 0 },
        })
        expect(newRouteRequest(value).header.subarray(0, expected.length)).toEqual(expected)
      }),
    )
  })

  it('of an address, and its lifetimes', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 0x7fffffff }), (value, index) => {
        const { header, attributes = [] } = addressRequest(value, index, 'create')
        const { family, prefixLength, scope, validSeconds, preferredSeconds = 0xffffffff } = value
        const fixed = { family: numberOf(family), prefixlen: prefixLength, scope, index }
        expect(header).toEqual(formatAddress(fixed))
        const lifetimes = attributes.find(({ type }) => type === 6)
        expect(lifetimes && parseAddressCacheInfo(lifetimes.data)).toEqual(
          validSeconds === undefined && value.preferredSeconds === undefined
            ? undefined
            : {
                ifaPrefered: preferredSeconds,
                ifaValid: validSeconds ?? 0xffffffff,
                cstamp: 0,
                tstamp: 0,
              },
        )
      }),
    )
  })

  it('of a rule', () => {
    fc.assert(
      fc.property(rule, (value) => {
        const expected = formatRule({
          family: numberOf(value.family),
          dstLen: lengthOf(value.to),
          srcLen: lengthOf(value.from),
          tos: value.typeOfService,
          action: value.action,
          flags: value.invert ? { invert: true } : {},
        })
        expect(ruleRequest(value, 'add').header).toEqual(expected)
      }),
    )
  })

  it('of a neighbour', () => {
    fc.assert(
      fc.property(neighbor, fc.integer({ min: 1, max: 0x7fffffff }), (value, index) => {
        const expected = formatNeighbor({
          family: numberOf(value.family),
          ifindex: index,
          state: { __unknown: value.state },
          flags: { __unknown: value.flags },
        })
        expect(newNeighborRequest(value, index).header).toEqual(expected)
      }),
    )
  })
})

function numberOf(family: Family): number {
  return { inet: 2, inet6: 10 }[family]
}

function lengthOf(prefix = '/0'): number {
  return Number(prefix.split('/')[1])
}
