import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost, observePod } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ADDRESS = 'address add 198.51.100.5/24 dev eth1'
const SECOND = 'address add 198.51.100.6/24 dev eth1'
const ADDRESS6 = 'address add 2001:db8::5/64 dev eth1'

/** Routes of one destination, table, TOS and metric, of which the kernel takes the first. */
const SHARED: [string, ...string[]][] = [
  [
    'gateways',
    ADDRESS,
    'route add 203.0.113.0/24 via 198.51.100.1',
    'route append 203.0.113.0/24 via 198.51.100.2',
    'route append 203.0.113.0/24 via 198.51.100.3',
  ],
  [
    'sources',
    ADDRESS,
    SECOND,
    'route add 203.0.113.0/24 via 198.51.100.1 src 198.51.100.6',
    'route append 203.0.113.0/24 via 198.51.100.1 src 198.51.100.5',
  ],
  [
    'sources, as NetworkManager makes them of two addresses of one subnet',
    `${ADDRESS} noprefixroute`,
    `${SECOND} noprefixroute`,
    'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 metric 100',
    'route append 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.6 metric 100',
  ],
  [
    'protocols, MTUs and scopes',
    ADDRESS,
    'route add 203.0.113.0/24 dev eth1 proto static',
    'route append 203.0.113.0/24 dev eth1 proto dhcp',
    'route append 203.0.113.0/24 dev eth1 proto dhcp mtu 1400',
    'route append 203.0.113.0/24 dev eth1 proto dhcp mtu 1400 scope site',
  ],
  [
    'types',
    ADDRESS,
    'route add 203.0.113.0/24 dev eth1 table 100',
    'route append anycast 203.0.113.0/24 dev eth1 table 100',
  ],
  [
    'gateways, of which one makes the other reachable',
    ADDRESS,
    'route add 192.0.2.1 dev eth1 scope link',
    'route add 203.0.113.0/24 via 192.0.2.1',
    'route append 203.0.113.0/24 dev eth1 scope link',
  ],
  [
    'nexthops of IPv6',
    ADDRESS6,
    '-6 route add 2001:db8:9::/48 dev eth1 metric 9',
    '-6 route append 2001:db8:9::/48 via 2001:db8::1 dev eth1 metric 9',
    '-6 route append 2001:db8:9::/48 via 2001:db8::2 dev eth1 metric 9',
  ],
  [
    'of the kernel and of others',
    ADDRESS,
    'route append 198.51.100.0/24 dev eth1 proto static scope link src 198.51.100.5',
    'route prepend 198.51.100.0/24 dev eth1 proto dhcp scope link',
  ],
]

/** Routes that look like those of the kernel. */
const CONNECTED: [string, ...string[]][] = [
  [
    'copies of connected routes in another table',
    ADDRESS,
    'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 table 100',
  ],
  [
    'copies of connected routes of IPv6',
    ADDRESS6,
    '-6 route add 2001:db8::/64 dev eth1 proto kernel metric 256 table 100',
  ],
  [
    'a connected route that was changed',
    ADDRESS,
    'route change 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 mtu 1400',
  ],
  [
    'a connected route of IPv6 that was changed',
    ADDRESS6,
    '-6 route change 2001:db8::/64 dev eth1 proto kernel metric 256 mtu 1400',
  ],
]

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const give = (lines: string[]) => {
    for (const line of lines) {
      testbed.onHost(line)
      testbed.settle()
    }
  }
  const ordered = (words: string) =>
    words
      .split('\n')
      .filter((line) => !line.includes('table local'))
      .map((line) => line.replaceAll(/(eth|net)1/g, 'DEVICE').trim())

  it.each([
    ...SHARED.map(([what, ...lines]) => [`routes of one place with several ${what}`, lines]),
    ...CONNECTED.map(([what, ...lines]) => [what, lines]),
  ] as [string, string[]][])('carries and restores %s', (_, lines) => {
    give(lines)
    const before = observeHost(testbed)
    const shown = ordered(testbed.onHost('route show table all dev eth1'))

    const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode, stdout).toBe(0)
    expect(observePod(testbed)).toEqual(before)
    expect(ordered(testbed.inPod('route show table all dev net1'))).toEqual(shown)
    const reported = document.routes.map((route: object) => JSON.stringify(route))
    expect(new Set(reported).size).toBe(reported.length)
    const configuration = { prevResult: document }
    expect(callPlugin(testbed, path, 'CHECK', { configuration }).stdout).toBe('')

    callPlugin(testbed, path, 'DEL', { configuration: { restoreOnDelete: true } })
    expect(observeHost(testbed)).toEqual(before)
    expect(ordered(testbed.onHost('route show table all dev eth1'))).toEqual(shown)
  })

  it('CHECK misses one of two routes that differ only by source', () => {
    give(SHARED[1]?.slice(1) ?? [])
    const { document } = callPlugin(testbed, path, 'ADD')
    testbed.inPod('route delete 203.0.113.0/24 via 198.51.100.1 src 198.51.100.5')
    const configuration = { prevResult: document }
    expect(callPlugin(testbed, path, 'CHECK', { configuration }).document).toMatchObject({
      code: 105,
      msg: expect.stringContaining('203.0.113.0/24 via 198.51.100.1 dev net1 src 198.51.100.5'),
    })
  })

  it('carries an IPv4 route by a nexthop object with a gateway of IPv6', () => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.nexthop_compat_mode=0')
    give([
      ADDRESS,
      ADDRESS6,
      'nexthop add id 10 via 2001:db8::1 dev eth1',
      'route add 203.0.113.0/24 nhid 10',
    ])
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD')
    expect(exitCode, stdout).toBe(0)
    expect(testbed.inPod('route show 203.0.113.0/24')).toContain('via inet6 2001:db8::1 dev net1')
  })

  it('lists addresses once that differ only by peer, and routes that differ only by TOS', () => {
    give([
      'address add 10.9.0.1 peer 10.9.1.2/32 dev eth1',
      'address add 10.9.0.1 peer 10.9.1.3/32 dev eth1',
      'route add 203.0.113.0/24 dev eth1',
      'route add 203.0.113.0/24 dev eth1 tos 0x10',
    ])
    const { document } = callPlugin(testbed, path, 'ADD')
    expect(document.ips).toEqual([{ address: '10.9.0.1/32', interface: 0 }])
    expect(document.routes).toEqual([{ dst: '203.0.113.0/24', table: 254, scope: 253 }])
  })
})
