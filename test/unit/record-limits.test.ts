import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAddress } from '../../src/kernel/netlink/address.js'
import { AddressSchema } from '../../src/kernel/netlink/address-schema.js'
import { encodeAttributes } from '../../src/kernel/netlink/attributes.js'
import { attributesOf, decodeLink } from '../../src/kernel/netlink/link-message.js'
import { LinkSchema } from '../../src/kernel/netlink/link-schema.js'
import type { Payload } from '../../src/kernel/netlink/message.js'
import { decodeNeighbor } from '../../src/kernel/netlink/neighbor.js'
import { NeighborSchema } from '../../src/kernel/netlink/neighbor-schema.js'
import type { NetlinkSocket } from '../../src/kernel/netlink/netlink-socket.js'
import {
  decodeNexthopObject,
  nexthopObjectRequest,
  nexthopsOfObjects,
} from '../../src/kernel/netlink/nexthop-object.js'
import { NexthopObjectSchema } from '../../src/kernel/netlink/nexthop-object-schema.js'
import { decodeRoute } from '../../src/kernel/netlink/route.js'
import { NexthopSchema, RouteSchema } from '../../src/kernel/netlink/route-schema.js'
import { decodeRule } from '../../src/kernel/netlink/rule.js'
import { RuleSchema } from '../../src/kernel/netlink/rule-schema.js'

/** Numbers of the kernel at both ends of what they can be, and between. */
const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 0xff }))
const run = (length: number) =>
  fc.array(byte, { minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes))
const value = fc.constantFrom(0, 1, 2, 4, 8, 16, 20, 32, 36).chain(run)

/** A message with a fixed part of so many bytes, of either family, and any attributes. */
const messageOf = (fixedBytes: number): fc.Arbitrary<Payload> =>
  fc
    .tuple(
      fc.constantFrom(2, 10, 0),
      run(fixedBytes),
      fc.array(fc.record({ type: fc.integer({ min: 0, max: 70 }), data: value }), {
        maxLength: 12,
      }),
    )
    .map(([family, fixed, attributes]) => {
      fixed[0] = family
      return { data: Buffer.concat([fixed, encodeAttributes(attributes)]) }
    })

const CASES: [string, number, (message: Payload) => unknown, TSchema][] = [
  ['a link', 16, (message) => decodeLink(message, attributesOf(message)), LinkSchema],
  ['an address', 8, (message) => decodeAddress(withPrefixLength(message)), AddressSchema],
  ['a route', 12, decodeRoute, RouteSchema],
  ['a rule', 12, decodeRule, RuleSchema],
  ['a neighbour', 12, decodeNeighbor, NeighborSchema],
  ['a nexthop object', 8, decodeNexthopObject, NexthopObjectSchema],
]

/** A record that no call can read would lose the device, so nothing that can be read may be refused there. */
describe('what a record takes', () => {
  it.each(CASES)('is all that can be read of %s', (_, fixedBytes, decode, schema) => {
    let read = 0
    fc.assert(
      fc.property(messageOf(fixedBytes), (message) => {
        const decoded = unlessMalformed(() => decode(message))
        if (decoded === undefined) return
        read++
        const kept = JSON.parse(JSON.stringify(decoded))
        expect(Value.Check(schema, kept), JSON.stringify(kept)).toBe(true)
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(30)
  })

  it('is every weight of a nexthop in a group, in proportion', () => {
    const own = (id: number) =>
      nexthopObjectRequest(
        {
          id,
          family: 2,
          protocol: 0,
          members: [],
          nexthop: { interfaceIndex: id, weight: 1 },
        },
        'create',
      )
    const weightsOf = (...weights: number[]) => {
      const members = weights.map((weight, n) => ({ id: n + 1, weight }))
      const group = nexthopObjectRequest({ id: 9, family: 0, protocol: 0, members }, 'create')
      const dumped = [own(1), own(2), group].map(({ header, attributes = [] }) => ({
        data: Buffer.concat([header, encodeAttributes(attributes)]),
      }))
      const nexthops = nexthopsOfObjects({ dump: () => dumped } as unknown as NetlinkSocket)(9)
      for (const nexthop of nexthops) expect(Value.Check(NexthopSchema, nexthop)).toBe(true)
      return nexthops.map(({ weight }) => weight)
    }
    expect(weightsOf(256, 1)).toEqual([256, 1])
    expect(weightsOf(300, 100)).toEqual([256, 85])
    expect(weightsOf(1, 65_535)).toEqual([1, 256])
  })
})

/** The kernel takes no address with a prefix of more than 128 bits. */
function withPrefixLength({ data }: Payload): Payload {
  data[1] = Math.min(data[1] ?? 0, 128)
  return { data }
}

/** The codecs throw at what the kernel never sends, such as an address of three bytes. */
function unlessMalformed(decode: () => unknown): unknown {
  try {
    return decode()
  } catch {
    return undefined
  }
}
