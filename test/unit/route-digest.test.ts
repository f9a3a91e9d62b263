import { describe, expect, it } from 'vitest'
import { addressBytes } from '../../src/kernel/ip-address.js'
import { nativeAddon } from '../../src/kernel/native-addon.js'
import {
  type Attribute,
  bytes,
  encodeAttributes,
  u32,
} from '../../src/kernel/netlink/attributes.js'
import { RTA } from '../../src/kernel/netlink/constants.js'
import { encodeRequests, type Request } from '../../src/kernel/netlink/message.js'
import { newRouteRequest } from '../../src/kernel/netlink/route.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'

const RTA_CACHEINFO = 12

function routeThrough(interfaceIndexes: number[], destination: string): Route {
  return {
    ...{ family: 'inet6', destination, table: 254, typeOfService: 0 },
    ...{ protocol: 4, scope: 0, type: 1 },
    nexthops: interfaceIndexes.map((interfaceIndex) => ({ interfaceIndex, weight: 1 })),
  }
}

const own = ['2001:db8:1::/48', '2001:db8:2::/48'].map((one) =>
  newRouteRequest(routeThrough([7], one)),
)
const joint = newRouteRequest(routeThrough([8, 7], '2001:db8:3::/48'))
const foreign = newRouteRequest(routeThrough([8], '2001:db8:4::/48'))
const everything = newRouteRequest(routeThrough([8], '::/0'))
const all = [...own, joint, foreign, everything]

function digestOf(requests: Request[], ...wanted: Attribute[]): number {
  const datagram = encodeRequests(requests, 0, 1)
  return nativeAddon().digestOfRoutes(datagram, encodeAttributes(wanted))
}

const sum = (...digests: number[]) => digests.reduce((one, other) => (one + other) >>> 0, 0)
const device = u32(RTA.outputInterface, 7)
const destinationOf = (address: string) => bytes(RTA.destination, addressBytes(address))

describe('the digest of routes', () => {
  it('is the same in whatever order and in however many datagrams they come', () => {
    expect(digestOf(all.toReversed())).toBe(digestOf(all))
    expect(sum(...all.map((one) => digestOf([one])))).toBe(digestOf(all))
    expect(new Set(all.map((one) => digestOf([one]))).size).toBe(all.length)
  })

  it('counts those through a device only, also where they lead through others, too', () => {
    expect(digestOf(all, device)).toBe(digestOf([...own, joint]))
    expect(digestOf([foreign, everything], device)).toBe(0)
  })

  it('counts those to a destination only, also to all', () => {
    expect(digestOf(all, destinationOf('2001:db8:4::'))).toBe(digestOf([foreign]))
    expect(digestOf(all, destinationOf('::'))).toBe(digestOf([everything]))
  })

  it('tells a route twice from once, and one from another', () => {
    expect(digestOf([...all, joint], device)).not.toBe(digestOf(all, device))
    expect(digestOf([joint, joint])).not.toBe(digestOf(own))
  })

  it('does not depend on the time that a route has left', () => {
    const lasting = (seconds: number) => ({
      ...joint,
      attributes: [...(joint.attributes ?? []), u32(RTA_CACHEINFO, seconds)],
    })
    expect(digestOf([lasting(5)])).toBe(digestOf([lasting(4)]))
  })
})
