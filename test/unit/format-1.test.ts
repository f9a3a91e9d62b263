import { readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LinkSchema } from '../../src/kernel/netlink/link-schema.js'
import { upgradeFormat1 } from '../../src/records/format-1.js'
import { decisionsOn } from '../../src/state/describe.js'
import { unpacked } from '../../src/state/packed.js'
import { HostNetworkStateSchema } from '../../src/state/schema.js'

/** What the plugin wrote when that was its format. */
const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/format-1/${name}`, import.meta.url), 'utf8')
const record = (name: string) => JSON.parse(fixture(`${name}.json`))

/** What an upgraded record is checked against here. */
const UpgradedSchema = Type.Object({
  format: Type.Literal(2),
  device: Type.Object({ onHost: LinkSchema, nameInSandbox: Type.Literal('net1') }),
  state: HostNetworkStateSchema,
})

function upgraded(name: string) {
  const result = upgradeFormat1(record(name))
  expect([...Value.Errors(UpgradedSchema, result)]).toEqual([])
  return Value.Decode(UpgradedSchema, result)
}

describe.each(['move', 'apply', 'capture'])('a record of format 1 of the mode %s', (name) => {
  it('becomes one of format 2 that keeps all the rest', () => {
    const { format, device, state, ...rest } = record(name)
    const { immovable, ...link } = device.onHost
    expect(upgraded(name)).toMatchObject({
      ...rest,
      device: { ...device, onHost: { ...link, netnsImmutable: immovable } },
    })
    expect(upgraded(name).state.sysctls).toEqual(state.sysctls)
  })

  it('has no key left that only format 1 had', () => {
    const former = /"(hops|immovable)":/
    expect(JSON.stringify(record(name))).toMatch(former)
    expect(JSON.stringify(upgraded(name))).not.toMatch(former)
  })
})

describe('a record of format 1', () => {
  it('tells the same of everything in it as when it was written', () => {
    const { state, device } = upgraded('move')
    const lines = decisionsOn(unpacked(state), device.onHost).map(
      ({ kind, what, why }) => `${kind}: ${what}${why === undefined ? '' : ` (${why})`}`,
    )
    expect(lines).toEqual(fixture('move.decisions.txt').trimEnd().split('\n'))
  })

  it('has numbers in place of names', () => {
    const { state } = upgraded('move')
    const values = <T>(things: { value: T }[]) => things.map(({ value }) => value)
    expect(values(state.addresses).find(({ local }) => local === '10.1.0.1')?.flags).toBe(0x280)
    expect(values(state.addresses).find(({ local }) => local === '2001:db8::5')?.flags).toBe(0x82)
    const [dhcp] = values(state.routes).filter(({ protocol }) => protocol === 16)
    expect(dhcp).toMatchObject({ destination: '0.0.0.0/0', type: 1, scope: 0 })
    expect(values(state.routes).map(({ protocol }) => protocol)).toContain(200)
    expect(
      values(state.routes).find(({ destination }) => destination === '203.0.113.0/25'),
    ).toMatchObject({ nexthops: [{ weight: 3 }, { weight: 2 }] })
    expect(values(state.rules).map(({ action }) => action)).toEqual([
      1, 1, 1, 8, 2, 1, 1, 1, 1, 1, 1,
    ])
    const found = (address: string) =>
      values(state.neighbors).find((neighbor) => neighbor.address === address)
    expect(found('198.51.100.9')).toMatchObject({ state: 0x80, flags: 0 })
    expect(found('198.51.100.33')).toMatchObject({ state: 0, flags: 0x8 })
    expect(found('2001:db8::9')).toMatchObject({ state: 0x4, flags: 0x80 })
  })

  /** As the codec package of that time spelled them, each with the kernel's number. */
  it.each([
    ['protocol', { REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4, GATED: 8, RA: 9, MRT: 10 }],
    ['protocol', { ZEBRA: 11, BIRD: 12, DNROUTED: 13, XORP: 14, NTK: 15, DHCP: 16 }],
    ['protocol', { MROUTED: 17, BABEL: 42, BGP: 186, ISIS: 187, OSPF: 188, RIP: 189, EIGRP: 192 }],
    ['type', { UNSPEC: 0, UNICAST: 1, LOCAL: 2, BROADCAST: 3, ANYCAST: 4, MULTICAST: 5 }],
    ['type', { BLACKHOLE: 6, UNREACHABLE: 7, PROHIBIT: 8, THROW: 9, NAT: 10, XRESOLVE: 11 }],
  ] as const)('knows the names of a route’s %s: %j', (key, names) => {
    for (const [name, number] of Object.entries(names)) {
      const route = { protocol: 'BOOT', type: 'UNICAST', hops: [], [key]: name }
      expect(stateWith({ routes: [{ value: route }] })).toMatchObject({
        routes: [{ value: { [key]: number } }],
      })
    }
  })

  it('knows the names of what a rule does', () => {
    const names = ['unspec', 'toTbl', 'goto', 'nop', 'res3', 'res4', 'blackhole', 'unreachable']
    const rules = [...names, 'prohibit', 9].map((action) => ({ value: { action } }))
    expect(stateWith({ rules })?.rules).toEqual(rules.map((_, action) => ({ value: { action } })))
  })

  it.each([
    [
      'addresses',
      'flags',
      [
        'secondary',
        'nodad',
        'optimistic',
        'dadfailed',
        'homeaddress',
        'deprecated',
        'tentative',
      ].concat(['permanent', 'managetempaddr', 'noprefixroute', 'mcautojoin', 'stablePrivacy']),
    ],
    [
      'neighbors',
      'flags',
      ['use', 'self', 'master', 'proxy', 'extLearned', 'offloaded', 'sticky', 'router'],
    ],
    [
      'neighbors',
      'state',
      ['incomplete', 'reachable', 'stale', 'delay', 'probe', 'failed', 'noarp', 'permanent'],
    ],
  ])('knows the bits of %s, their %s', (kind, key, names) => {
    const things = names.map((name) => ({ value: { flags: [], state: [], [key]: [name] } }))
    const all = { value: { flags: [], state: [], [key]: [...names, '__unknown'] } }
    expect(stateWith({ [kind]: [...things, all] })).toMatchObject({
      [kind]: [
        ...names.map((_, n) => ({ value: { [key]: 1 << n } })),
        { value: { [key]: (1 << names.length) - 1 } },
      ],
    })
  })
})

const NOTHING = { addresses: [], routes: [], rules: [], neighbors: [], sysctls: [] }

/** The state of an upgraded record that has these things. */
function stateWith(things: object) {
  const former = { ...record('move'), state: { ...NOTHING, ...things } }
  return (upgradeFormat1(former) as { state: Record<string, unknown> } | undefined)?.state
}

describe('what cannot be understood', () => {
  it.each([
    ['another format', { ...record('move'), format: 2 }],
    ['no state', { ...record('move'), state: undefined }],
    ['a state of lists that are none', { ...record('move'), state: { ...NOTHING, rules: {} } }],
    ['no device', { ...record('move'), device: null }],
    ['a device that is a text', { ...record('move'), device: { onHost: 'eth1' } }],
    ['a record of gVisor', record('gvisor')],
  ])('becomes nothing: %s', (_, former) => {
    expect(upgradeFormat1(former)).toBe(undefined)
  })

  it.each([
    { routes: [{ value: { protocol: 'CARRIER_PIGEON', type: 'UNICAST', hops: [] } }] },
    { routes: [{ value: { protocol: 'constructor', type: 'UNICAST', hops: [] } }] },
    { routes: [{ value: { protocol: 'BOOT', type: 'UNICAST' } }] },
    { rules: [{ value: { action: null } }] },
    { neighbors: [{ value: { state: ['asleep'], flags: [] } }] },
    { addresses: [{ value: { flags: 'permanent' } }] },
    { addresses: [{ flags: [] }] },
  ])('becomes nothing: %j', (things) => {
    expect(stateWith(things)).toBe(undefined)
  })

  it('never becomes an error', () => {
    const mutilated = fc.tuple(fc.constantFrom('move', 'apply', 'gvisor'), fc.nat(), fc.json())
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        upgradeFormat1(value)
        upgradeFormat1({ format: 1, device: value, state: value })
        upgradeFormat1({ ...record('move'), device: { onHost: value } })
        upgradeFormat1({ ...record('move'), state: value })
      }),
    )
    fc.assert(
      fc.property(mutilated, ([name, position, other]) => {
        upgradeFormat1(mutilate(record(name), position, JSON.parse(other)))
      }),
    )
  })
})

/** The same with something else in one place. */
function mutilate(whole: unknown, position: number, other: unknown): unknown {
  let places = 0
  JSON.stringify(whole, (_, value) => {
    places++
    return value
  })
  let place = 0
  return JSON.parse(JSON.stringify(whole, (_, v) => (place++ === position % places ? other : v)))
}
