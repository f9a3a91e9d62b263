import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** The ways in which network managers and clouds set a NIC up, each with traffic that answers. */
describe.each(ARTEFACTS)('$artefact lends a NIC as it is set up by', ({ path }) => {
  let testbed: Testbed
  const onHost = (...lines: string[]) => lines.forEach((words) => void testbed.onHost(words))
  const inCloud = (...lines: string[]) => lines.forEach((words) => void testbed.inCloud(words))
  const podSays = (words: string) => testbed.inPod(words).replaceAll(/ +$/gm, '')

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  function add(configuration: object = {}): void {
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
      configuration: { ...configuration },
    })
    expect(exitCode, stdout).toBe(0)
  }

  it('NetworkManager: an address without a prefix route, and a route of its own instead', () => {
    onHost(
      'address add 198.51.100.5/24 dev eth1 noprefixroute',
      'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 metric 100',
      'route add default via 198.51.100.1 dev eth1 proto static metric 100',
    )
    inCloud('address add 203.0.113.1/32 dev lo')
    add()
    expect(podSays('route')).toBe(
      'default via 198.51.100.1 dev net1 proto static metric 100\n' +
        '198.51.100.0/24 dev net1 proto kernel scope link src 198.51.100.5 metric 100',
    )
    expect(testbed.podReaches('203.0.113.1')).toBe(true)
  })

  it('NetworkManager: two addresses of one subnet, by default settings', () => {
    onHost(
      'address add 198.51.100.5/24 dev eth1 noprefixroute',
      'address add 198.51.100.6/24 dev eth1 noprefixroute',
      'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 metric 100',
      'route append 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.6 metric 100',
      'route add default via 198.51.100.1 dev eth1 proto static metric 100',
    )
    inCloud('address add 203.0.113.1/32 dev lo')
    const before = testbed.hostState()
    const { exitCode, stderr, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode).toBe(0)
    expect(stderr).toBe(
      'host-device-l3: with eth1 the host has lost its only default route: default via 198.51.100.1 dev eth1 proto static metric 100',
    )
    expect(document.ips.map(({ address }: { address: string }) => address)).toEqual([
      '198.51.100.5/24',
      '198.51.100.6/24',
    ])
    expect(podSays('route')).toBe(
      'default via 198.51.100.1 dev net1 proto static metric 100\n' +
        '198.51.100.0/24 dev net1 proto kernel scope link src 198.51.100.5 metric 100\n' +
        '198.51.100.0/24 dev net1 proto kernel scope link src 198.51.100.6 metric 100',
    )
    for (const source of ['198.51.100.5', '198.51.100.6'])
      expect(
        testbed.run(testbed.pod, `ping -c 1 -w 10 -I ${source} 203.0.113.1`).exitCode,
        source,
      ).toBe(0)
    const configuration = { prevResult: document, restoreOnDelete: true }
    expect(callPlugin(testbed, path, 'CHECK', { configuration }).exitCode).toBe(0)
    expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
    expect(testbed.hostState()).toBe(before)
  })

  it('Google Cloud: a /32 address, a gateway on the link, a default route by it', () => {
    inCloud(
      'address add 10.128.0.1/32 dev eth1',
      'route add 10.128.0.5/32 dev eth1',
      'address add 203.0.113.1/32 dev lo',
    )
    onHost(
      'address add 10.128.0.5/32 dev eth1',
      'route add 10.128.0.1 dev eth1 scope link',
      'route add default via 10.128.0.1 dev eth1',
    )
    add()
    expect(podSays('route')).toBe('default via 10.128.0.1 dev net1\n10.128.0.1 dev net1 scope link')
    expect(testbed.podReaches('203.0.113.1')).toBe(true)
  })

  it('AWS: a second interface with a table of its own and a rule from its address', () => {
    inCloud('address add 203.0.113.1/32 dev lo')
    onHost(
      'address add 198.51.100.5/24 dev eth1',
      'route add default via 198.51.100.1 dev eth1 table 10001',
      'route add 198.51.100.0/24 dev eth1 scope link table 10001',
      'rule add from 198.51.100.5 lookup 10001 priority 32765',
    )
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    add({ sysctls: ['net.ipv4.conf.rp_filter'] })
    expect(podSays('route show table 10001')).toBe(
      'default via 198.51.100.1 dev net1\n198.51.100.0/24 dev net1 scope link',
    )
    const ping = 'ping -c 1 -w 10 -I 198.51.100.5 203.0.113.1'
    expect(testbed.run(testbed.pod, ping).stdout).toContain('1 received')
    expect(testbed.run(testbed.pod, 'sysctl -n net.ipv4.conf.net1.rp_filter').stdout).toBe('2')
  })

  it('IBM Cloud: two addresses of one prefix, and static routes', () => {
    inCloud('address add 203.0.113.1/32 dev lo')
    onHost(
      'address add 198.51.100.5/24 dev eth1',
      'address add 198.51.100.6/24 dev eth1',
      'route add 203.0.113.0/24 via 198.51.100.1 dev eth1 proto static',
      'route add 10.0.0.0/8 via 198.51.100.1 dev eth1 proto static',
    )
    add()
    expect(podSays('route')).toContain('203.0.113.0/24 via 198.51.100.1 dev net1 proto static')
    for (const source of ['198.51.100.5', '198.51.100.6']) {
      const ping = `ping -c 1 -w 10 -I ${source} 203.0.113.1`
      expect(testbed.run(testbed.pod, ping).stdout).toContain('1 received')
    }
  })

  it.each([
    [
      'systemd-networkd',
      [
        'address add 198.51.100.50/24 dev eth1 valid_lft 3600 preferred_lft 3600',
        'route add 198.51.100.1 dev eth1 proto dhcp scope link src 198.51.100.50 metric 1024',
        'route add default via 198.51.100.1 dev eth1 proto dhcp src 198.51.100.50 metric 1024',
      ],
    ],
    [
      'NetworkManager',
      [
        'address add 198.51.100.50/24 dev eth1 noprefixroute valid_lft 3600 preferred_lft 3600',
        'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.50 metric 100',
        'route add default via 198.51.100.1 dev eth1 proto dhcp src 198.51.100.50 metric 100',
      ],
    ],
  ])('%s with a lease: without it and its routes, or with all of them', (_, lines) => {
    inCloud('address add 203.0.113.1/32 dev lo')
    onHost(...lines)
    const before = testbed.hostState()
    add()
    expect(podSays('-4 address show dev net1')).toBe('')
    expect(podSays('-4 route')).toBe('')
    const { exitCode } = callPlugin(testbed, path, 'DEL', {
      configuration: { restoreOnDelete: true },
    })
    expect(exitCode).toBe(0)
    expect(testbed.hostState()).toBe(before)
    add({ dynamicAddresses: 'ipv4' })
    expect(testbed.podReaches('203.0.113.1')).toBe(true)
  })
})
