import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ADDRESSES = [
  'address add 198.51.100.5/24 dev eth1',
  'address add 192.0.2.5/24 dev eth2',
  'address add 2001:db8::5/64 dev eth1 nodad',
]

/** Routes of one place, 203.0.113.0/24 or 2001:db8:9::/48, of which one is by a nexthop object. */
const BY_OBJECT: [string, ...string[]][] = [
  [
    'IPv6, the one by an object first',
    '-6 nexthop add id 1 via fe80::2 dev eth1',
    '-6 route append 2001:db8:9::/48 nhid 1',
    '-6 route append 2001:db8:9::/48 via fe80::4 dev eth1',
  ],
  [
    'IPv6, the one by an object between a gateway and the link',
    '-6 nexthop add id 1 via fe80::2 dev eth1',
    '-6 route append 2001:db8:9::/48 via fe80::4 dev eth1',
    '-6 route append 2001:db8:9::/48 nhid 1',
    '-6 route append 2001:db8:9::/48 dev eth1',
  ],
  [
    'IPv6 that lead the same way',
    '-6 nexthop add id 1 via fe80::2 dev eth1',
    '-6 route append 2001:db8:9::/48 nhid 1',
    '-6 route append 2001:db8:9::/48 via fe80::2 dev eth1',
    '-6 route append 2001:db8:9::/48 via fe80::4 dev eth1',
  ],
  [
    'IPv4, after one of another device',
    'nexthop add id 1 via 198.51.100.2 dev eth1',
    'route append 203.0.113.0/24 dev eth2',
    'route append 203.0.113.0/24 nhid 1',
    'route append 203.0.113.0/24 via 198.51.100.3 dev eth1',
  ],
  [
    'IPv4, where the object needs a later one',
    'route append 203.0.113.0/24 dev eth1 scope link',
    'nexthop add id 1 via 203.0.113.2 dev eth1',
    'route prepend 203.0.113.0/24 nhid 1',
  ],
]

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    batch(testbed.host, ...ADDRESSES)
  })
  afterEach(() => testbed[Symbol.dispose]())

  const give = (lines: string[]) => {
    for (const line of lines) testbed.onHost(line)
  }
  const show = () =>
    ['route show 203.0.113.0/24', '-6 route show 2001:db8:9::/48'].map((words) =>
      testbed.onHost(words),
    )
  const add = () => {
    const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode, stdout).toBe(0)
    return document
  }
  const check = (prevResult: object) =>
    callPlugin(testbed, path, 'CHECK', { configuration: { prevResult } }).document?.msg
  const bringHome = () => {
    const configuration = { restoreOnDelete: true }
    const { exitCode, stdout } = callPlugin(testbed, path, 'DEL', { configuration })
    expect(exitCode, stdout).toBe(0)
  }

  it.each(BY_OBJECT.map(([what, ...lines]) => [what, lines] as const))(
    'CHECK finds routes of one place of %s, and DEL brings them home in their order',
    (_, lines) => {
      give(lines)
      const before = show()
      const result = add()
      expect(check(result)).toBeUndefined()
      bringHome()
      expect(show()).toEqual(before)
    },
  )

  it.each(['fe80::2', 'fe80::4'])(
    'CHECK misses %s, of which the pod’s kernel had made a nexthop of one route',
    (gateway) => {
      give(BY_OBJECT[0]?.slice(1) ?? [])
      const result = add()
      expect(testbed.inPod('-6 route show 2001:db8:9::/48')).toMatch(/nexthop via .*\n.*nexthop/)
      testbed.inPod(`-6 route delete 2001:db8:9::/48 via ${gateway}`)
      expect(check(result)).toContain(
        `route 2001:db8:9::/48 via ${gateway} dev net1 metric 1024 is missing`,
      )
    },
  )

  it.each([
    ['with a weight', 'via 198.51.100.9 dev eth1 weight 3 nexthop dev eth2'],
    ['after another', 'dev eth2 nexthop via 198.51.100.9 dev eth1 weight 7'],
  ])('carries a route after one of which one nexthop, %s, is the device’s', (_, hops) => {
    give([
      `route add 203.0.113.0/24 proto zebra nexthop ${hops}`,
      'route append 203.0.113.0/24 via 198.51.100.7 dev eth1',
    ])
    const before = show()
    const result = add()
    expect(testbed.inPod('route show 203.0.113.0/24').match(/via .* dev/g)).toEqual([
      'via 198.51.100.9 dev',
      'via 198.51.100.7 dev',
    ])
    expect(check(result)).toBeUndefined()
    bringHome()
    expect(show()).toEqual(before)
  })
})
