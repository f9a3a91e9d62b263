import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/**
 * What host-device's useInterfaceNetwork gets wrong, one test for each, named
 * after it.
 */
describe.each(ARTEFACTS)('$artefact does not have the defect that', ({ path }) => {
  let testbed: Testbed
  const add = (configuration = {}) => callPlugin(testbed, path, 'ADD', { configuration })

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('1: route flags are replayed, so that ADD fails without carrier', async () => {
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 dev eth1 onlink')
    testbed.inCloud('link set eth1 down')
    await expect.poll(() => testbed.onHost('route')).toContain('linkdown')
    expect(add().exitCode).toBe(0)
    testbed.inCloud('link set eth1 up')
    expect(testbed.inPod('route')).toContain('203.0.113.0/24 via 198.51.100.1 dev net1 onlink')
  })

  it.each(['up', 'down'])(
    '2: an IPv6 route cannot prefer an address that is still tentative, wire %s',
    (wire) => {
      testbed.onHost('address add 2001:db8::5/64 dev eth1')
      testbed.settle()
      testbed.onHost('route add 2001:db8:9::/48 via 2001:db8::1 src 2001:db8::5')
      testbed.inCloud(`link set eth1 ${wire}`)
      expect(add().exitCode).toBe(0)
      expect(testbed.inPod('-6 route')).toMatch(/2001:db8:9::\/48 via 2001:db8::1 dev net1 src/)
    },
  )

  it('3: what is there already is an error', () => {
    // The kernel makes this one itself in the sandbox, with the address.
    testbed.onHost('route delete 198.51.100.0/24 dev eth1')
    testbed.onHost('route add 198.51.100.0/24 dev eth1 proto static scope link')
    expect(add().exitCode).toBe(0)
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
  })

  it('4: /32 addresses and routes of other tables cannot be checked by the result', () => {
    testbed.onHost('address add 10.128.0.5/32 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    const { document } = add()
    expect(document.ips).toContainEqual({ address: '10.128.0.5/32', interface: 0 })
    expect(document.routes).toEqual([{ dst: '203.0.113.0/24', gw: '198.51.100.1', table: 100 }])
  })

  it('5: noprefixroute is lost, and with it the network manager’s own route', () => {
    testbed.onHost('address flush dev eth1')
    testbed.onHost('address add 198.51.100.5/24 dev eth1 noprefixroute')
    testbed.onHost(
      'route add 198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.5 metric 100',
    )
    expect(add().exitCode).toBe(0)
    expect(testbed.inPod('route').trim()).toBe(
      '198.51.100.0/24 dev net1 proto kernel scope link src 198.51.100.5 metric 100',
    )
  })

  it('6: a gateway that another route makes reachable comes too early', () => {
    testbed.onHost('route add 192.0.2.1 dev eth1 scope link')
    testbed.onHost('route add default via 192.0.2.1 dev eth1')
    // A rule has to be there before the kernel finds this gateway.
    testbed.onHost('route add 192.0.3.1 dev eth1 scope link table 100')
    testbed.onHost('rule add lookup 100 priority 50')
    testbed.onHost('route add 10.0.0.0/8 via 192.0.3.1 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 2001:db8:ffff::1/128 dev eth1 metric 2000')
    testbed.onHost('route add default via 2001:db8:ffff::1 dev eth1')
    expect(add().exitCode).toBe(0)
    expect(testbed.inPod('route')).toContain('default via 192.0.2.1 dev net1')
    expect(testbed.inPod('route')).toContain('10.0.0.0/8 via 192.0.3.1 dev net1')
    expect(testbed.inPod('-6 route')).toContain('default via 2001:db8:ffff::1 dev net1')
  })

  it('7: rules, sysctls and permanent neighbours are lost', () => {
    testbed.onHost('route add default via 198.51.100.1 table 10001')
    testbed.onHost('rule add from 198.51.100.5 lookup 10001 priority 50')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1 nud permanent')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    expect(add({ sysctls: ['net.ipv4.conf.rp_filter'] }).exitCode).toBe(0)
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5 lookup 10001')
    expect(testbed.inPod('neighbour')).toContain('198.51.100.9 dev net1 lladdr 02:00:00:00:00:09')
    expect(testbed.run(testbed.pod, 'sysctl -n net.ipv4.conf.net1.rp_filter').stdout).toBe('2')
    callPlugin(testbed, path, 'DEL')
    expect(testbed.inPod('rule')).not.toContain('10001')
  })

  it('8: a lease becomes permanent and nobody is told', () => {
    testbed.onHost('address add 198.51.100.6/24 dev eth1 valid_lft 900 preferred_lft 900')
    const { stderr } = add({ dynamicAddresses: 'ipv4' })
    expect(stderr).toMatch(
      /^host-device-l3: the lease of 198\.51\.100\.6\/24 is carried as a permanent address/,
    )
  })

  it('8: a lease becomes permanent, and that it cannot be told is no failure', () => {
    testbed.onHost('address add 198.51.100.6/24 dev eth1 valid_lft 900 preferred_lft 900')
    const { exitCode } = callPlugin(testbed, path, 'ADD', {
      configuration: { dynamicAddresses: 'ipv4' },
      wrapper: ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'],
    })
    expect(exitCode).toBe(0)
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.6/24')
  })

  it('9: IPv6 addresses and gateway routes go when the link goes down', () => {
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 2001:db8::1')
    expect(add().exitCode).toBe(0)
    expect(testbed.inPod('-6 address show dev net1')).toContain('2001:db8::5/64')
    expect(testbed.inPod('-6 route')).toContain('default via 2001:db8::1 dev net1')
  })

  it('10: nothing gives the host its state back when ADD fails', () => {
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 198.51.100.1 table 10001')
    testbed.onHost('rule add from 198.51.100.5 lookup 10001 priority 50')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1 nud permanent')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add default dev other table 10001')
    const state = () =>
      [
        testbed.hostState(),
        testbed.onHost('rule'),
        testbed.onHost('neighbour show nud permanent'),
        testbed.run(testbed.host, 'sysctl -n net.ipv4.conf.eth1.rp_filter').stdout,
      ].join('\n')
    const before = state()
    expect(add({ sysctls: ['net.ipv4.conf.rp_filter'] }).exitCode).toBe(1)
    expect(state()).toBe(before)
    expect(testbed.inPod('rule')).not.toContain('from 198.51.100.5')
  })
})
