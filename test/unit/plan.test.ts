import { describe, expect, it } from 'vitest'
import { decodeAddress } from '../../src/kernel/netlink/address.js'
import { encodeAttributes } from '../../src/kernel/netlink/attributes.js'
import {
  ADDRESS_FLAG,
  NEIGHBOR_FLAG,
  NEIGHBOR_STATE,
  RTM,
} from '../../src/kernel/netlink/constants.js'
import { Flag, type Request } from '../../src/kernel/netlink/message.js'
import { decodeNeighbor } from '../../src/kernel/netlink/neighbor.js'
import { decodeRoute } from '../../src/kernel/netlink/route.js'
import type { Route } from '../../src/kernel/netlink/route-schema.js'
import { decodeRule } from '../../src/kernel/netlink/rule.js'
import type { StateToApply } from '../../src/state/carry.js'
import { aboutDevice, planState } from '../../src/state/plan.js'
import { address, link, neighbor, route, rule } from '../support/kernel-objects.js'

const original = link()
/** The same device in a sandbox, under another name and index. */
const lent = link({ index: 9, name: 'net1' })

const plan = (differences: Partial<StateToApply>) =>
  planState(original, lent, {
    up: true,
    addresses: [],
    routes: [],
    rules: [],
    neighbors: [],
    sysctls: [],
    ...differences,
  })

const reported = ({ header, attributes }: Request) => ({
  data: Buffer.concat([header, encodeAttributes(attributes ?? [])]),
})

describe('addresses are planned', () => {
  const requested = (differences: Partial<StateToApply>) =>
    plan(differences).addresses.map(({ request }) => decodeAddress(reported(request)))

  it('without the flags that are the kernel’s findings', () => {
    const { permanent, secondary, noprefixroute, homeaddress, stablePrivacy } = ADDRESS_FLAG
    const found = address({ flags: permanent | secondary | stablePrivacy | noprefixroute })
    expect(requested({ addresses: [found] })).toEqual([{ ...found, flags: noprefixroute }])
    const home = address({ flags: homeaddress | permanent })
    expect(requested({ addresses: [home] })).toEqual([{ ...home, flags: homeaddress }])
  })

  it.each([
    ['eth1', 'net1'],
    ['eth1:web', 'net1:web'],
    ['eth12', 'eth12'],
    ['other', 'other'],
  ])('with the label %s as %s', (label, renamed) => {
    expect(requested({ addresses: [address({ label })] })).toMatchObject([{ label: renamed }])
  })

  it('without a label that is too long with the new name', () => {
    const labelled = { ...original, name: 'e' }
    const longer = link({ name: 'a-longer-name' })
    const state = { up: true, routes: [], rules: [], neighbors: [], sysctls: [] }
    const addresses = [address({ label: 'e:1' }), address({ label: 'e:12' })]
    const found = planState(labelled, longer, { ...state, addresses }).addresses
    expect(found.map(({ request }) => decodeAddress(reported(request))?.label)).toEqual([
      'a-longer-name:1',
      undefined,
    ])
  })

  const inet6 = address({ family: 'inet6', local: '2001:db8::5', prefixLength: 64, flags: 0 })
  const { nodad } = ADDRESS_FLAG

  it('of IPv6 without duplicate address detection, which is as it was afterwards', () => {
    const { addresses, detection } = plan({ addresses: [inet6, { ...inet6, flags: nodad }] })
    expect(addresses.map(({ request }) => decodeAddress(reported(request))?.flags)).toEqual([
      nodad,
      nodad,
    ])
    // The kernel lists the newest first, so the last is added first.
    expect(addresses.map(({ value }) => value)).toEqual([{ ...inet6, flags: nodad }, inet6])
    expect(detection.map((request) => decodeAddress(reported(request)))).toEqual([inet6])
    expect(detection.map(({ flags }) => flags)).toEqual([Flag.replace])
  })

  it('of IPv6 with it where somebody else may have them', () => {
    const { addresses, detection } = plan({ addresses: [inet6], detectDuplicates: true })
    expect(addresses.map(({ request }) => decodeAddress(reported(request)))).toEqual([inet6])
    expect(detection).toEqual([])
  })

  it('of IPv4 once', () => {
    expect(plan({ addresses: [address()] }).detection).toEqual([])
  })
})

describe('routes are planned', () => {
  const onLink = route({ nexthops: [{ interfaceIndex: 2, weight: 1 }] })
  const byVia = route({
    nexthops: [{ interfaceIndex: 2, weight: 1, via: { family: 'inet6', address: 'fe80::1' } }],
  })

  /** By the index that the device has in the sandbox. */
  const renumbered = (one: Route): Route => ({
    ...one,
    nexthops: one.nexthops.map((nexthop) => ({ ...nexthop, interfaceIndex: 9 })),
  })

  it('those on the link first, the others in order', () => {
    const all = [route(), byVia, onLink, route({ nexthops: [] })].map((one, n) => ({
      ...one,
      destination: `203.0.${n}.0/24`,
    }))
    const { routes } = plan({ routes: all })
    const [byGateway, other, direct, blackhole] = all.map(renumbered)
    expect(routes.map(({ value }) => value)).toEqual([direct, blackhole, byGateway, other])
  })

  it('those in one place in order', () => {
    const { routes } = plan({ routes: [route(), onLink, byVia] })
    expect(routes.map(({ value }) => value)).toEqual([route(), onLink, byVia].map(renumbered))
  })

  it('by the index that the device has now, and no other', () => {
    const several = route({ nexthops: [...onLink.nexthops, { interfaceIndex: 3, weight: 2 }] })
    const [planned] = plan({ routes: [several] }).routes
    const [own, other] = several.nexthops
    expect(planned?.value.nexthops).toEqual([{ ...own, interfaceIndex: 9 }, other])
    expect(planned && decodeRoute(reported(planned.request))).toMatchObject({
      nexthops: [{ interfaceIndex: 9 }, { interfaceIndex: 3 }],
    })
  })
})

describe('rules are planned', () => {
  const about = rule({ inputInterface: 'eth1', outputInterface: 'eth2' })
  const expected = rule({ inputInterface: 'net1', outputInterface: 'eth2' })

  it('with the name that the device has now', () => {
    expect(aboutDevice(original, lent, about)).toEqual(expected)
    expect(aboutDevice(original, lent, rule())).toEqual(rule())
    const [planned] = plan({ rules: [about] }).rules
    expect(planned?.request.type).toBe(RTM.newRule)
    expect(planned && decodeRule(reported(planned.request))).toEqual(expected)
  })
})

describe('neighbours are planned', () => {
  const { permanent, noarp, reachable, stale } = NEIGHBOR_STATE

  it.each([
    [permanent, 0, permanent],
    [noarp, 0, noarp],
    [reachable, 0, stale],
    [reachable, NEIGHBOR_FLAG.router, stale],
    [0, NEIGHBOR_FLAG.proxy, 0],
  ])('of state %i and flags %i with state %i', (state, flags, asked) => {
    const [planned] = plan({ neighbors: [neighbor({ state, flags })] }).neighbors
    expect(planned && decodeNeighbor(reported(planned.request))).toEqual(
      neighbor({ state: asked, flags }),
    )
  })
})
