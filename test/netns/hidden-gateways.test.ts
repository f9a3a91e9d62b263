import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { force } from '../support/host-lines.js'
import { observeWholeHost } from '../support/observed-host.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ADDRESSES = [
  ...['address add 198.51.100.5/24 dev eth1', '-6 address add 2001:db8:1::5/64 dev eth1 nodad'],
  ...['address add 192.0.2.5/24 dev eth2', '-6 address add 2001:db8:2::5/64 dev eth2 nodad'],
]

/** Routes and nexthop objects, and what the host has since then: the kernel takes none of them again. */
const HIDDEN: [string, ...string[]][] = [
  [
    'IPv6, by a rule to a table whose default route has a gateway',
    '-6 route add default via 2001:db8:1::fe dev eth1 table 100',
    '-6 route add 2001:db8:9::/48 via 2001:db8:1::fd dev eth1 table 101',
    '-6 nexthop add id 101 via 2001:db8:1::fe dev eth1',
    '-6 route add 2001:db8:8::/48 nhid 101 table 102',
    '-6 rule add oif eth1 lookup 100 priority 106',
  ],
  [
    'IPv6, by two rules, one of which leads to a table that has no way',
    '-6 nexthop add id 101 via 2001:db8:1::fe dev eth1',
    '-6 nexthop add id 102 via 2001:db8:1::fd dev eth1',
    '-6 nexthop add id 103 group 101/102',
    '-6 route add 2001:db8:8::/48 nhid 103',
    '-6 route add 2001:db8:9::/48 via 2001:db8:1::fd dev eth1 table 101',
    '-6 route add unreachable default table 100',
    '-6 route add default via 2001:db8:1::fe dev eth1 table 103',
    '-6 rule add to 2001:db8:1::fe lookup 103 priority 105',
    '-6 rule add to 2001:db8:1::/64 lookup 100 priority 106',
  ],
  [
    'IPv6, in one place, of two devices, by a rule without a table',
    '-6 route append 2001:db8:9::/48 via 2001:db8:1::fd dev eth1 table 101',
    '-6 route append 2001:db8:9::/48 via 2001:db8:2::fd dev eth2 table 101',
    '-6 route append 2001:db8:9::/48 via 2001:db8:1::fe dev eth1 table 101',
    '-6 route append 2001:db8:9::/48 via fe80::7 dev eth1 table 101',
    '-6 rule add oif eth1 prohibit priority 106',
    '-6 rule add oif eth2 blackhole priority 107',
  ],
  [
    'IPv6, because the route to the gateway is gone',
    '-6 route add 2001:db8:7::/64 dev eth1',
    '-6 route add 2001:db8:9::/48 via 2001:db8:7::fd dev eth1',
    '-6 nexthop add id 101 via 2001:db8:7::fe dev eth1',
    '-6 route add 2001:db8:7::f0/124 via fe80::7 dev eth1',
  ],
  [
    'IPv4, by a rule without a table',
    'route add 203.0.113.0/24 via 198.51.100.7 dev eth1 table 101',
    'route append 203.0.113.0/24 via 198.51.100.8 dev eth1 table 101',
    'route add 203.0.111.0/24 via inet6 2001:db8:1::fd dev eth1 table 101',
    'route add 203.0.112.0/24 table 101 nexthop via 198.51.100.7 dev eth1 nexthop via 192.0.2.7 dev eth2',
    'rule add from all prohibit priority 106',
    '-6 rule add from all prohibit priority 106',
  ],
  [
    'IPv4, because the route to the gateway is gone',
    'route add 198.51.99.0/24 dev eth1',
    'route add 203.0.113.0/24 via 198.51.99.7 dev eth1',
    'nexthop add id 101 via 198.51.99.9 dev eth1',
    'route add 203.0.110.0/24 nhid 101',
    'route delete 198.51.99.0/24 dev eth1',
  ],
]

/** The kernel looks for a gateway when a route is added, and not again: rules may hide it later. */
describe.each(ARTEFACTS)('$artefact brings back what has a hidden gateway', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(HIDDEN)('%s', (_, ...lines) => {
    force(testbed.host, [...ADDRESSES, ...lines])
    const before = observeWholeHost(testbed)
    const gatewaysOf = (shown: string) =>
      [...shown.matchAll(/via (?:inet6 )?(\S+) dev (?:eth1|net1)/g)].map(([, one]) => one).join(' ')
    const gateways = ['-4', '-6'].map((family) =>
      gatewaysOf(testbed.onHost(`${family} route show table all`)),
    )
    const carried = () =>
      ['-4', '-6'].map((family) => gatewaysOf(testbed.inPod(`${family} route show table all`)))
    for (let n = 0; n < 2; n++) {
      const added = callPlugin(testbed, path, 'ADD')
      expect(added.exitCode, added.stdout).toBe(0)
      expect(carried()).toEqual(gateways)
      const { exitCode, stderr } = callPlugin(testbed, path, 'DEL')
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(observeWholeHost(testbed)).toEqual(before)
    }
  })

  it('but a nexthop object only once no rule without a table is before all that have one', () => {
    force(testbed.host, [
      ...ADDRESSES,
      '-6 nexthop add id 101 via 2001:db8:1::fe dev eth1',
      '-6 route add 2001:db8:8::/48 nhid 101',
    ])
    const before = observeWholeHost(testbed)
    force(testbed.host, [
      '-6 rule add from all prohibit priority 106',
      '-6 rule add from all lookup local priority 200',
      '-6 rule delete priority 0',
    ])
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    const { exitCode, stderr } = callPlugin(testbed, path, 'DEL')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/nexthop object 101: .*it is tried again/),
    })
    testbed.onHost('-6 rule delete from all prohibit priority 106')
    expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
    expect(testbed.onHost('nexthop')).toBe((before.nexthops as string[]).join('\n'))
  })

  it('and leaves what stands for a route to that gateway', () => {
    testbed.addDevice('eth3')
    force(testbed.host, [
      'address add 198.51.100.5/24 dev eth1',
      'address add 192.0.2.129/25 dev eth2',
      'address add 203.0.113.5/24 dev eth3',
      'route add 192.0.2.1 dev eth1 src 192.0.2.129',
      'route add 10.1.0.0/16 src 192.0.2.129 nexthop via 192.0.2.1 dev eth1 nexthop via 203.0.113.1 dev eth3',
    ])
    const before = observeWholeHost(testbed)
    const call = (device: string, command: string) => {
      const variables = { CNI_CONTAINERID: `of-${device}`, CNI_IFNAME: device }
      return callPlugin(testbed, path, command, { configuration: { device }, variables }).exitCode
    }
    const standIn = () => testbed.onHost('route show 192.0.2.1')
    for (const device of ['eth3', 'eth2']) expect(call(device, 'ADD')).toBe(0)
    expect(standIn()).toMatch(/dev eth1 proto 76/)
    expect(call('eth3', 'DEL')).toBe(0)
    expect(standIn()).toMatch(/dev eth1 proto 76/)
    expect(call('eth2', 'DEL')).toBe(0)
    expect(observeWholeHost(testbed)).toEqual(before)
  })
})
