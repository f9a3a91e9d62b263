import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { withBuses } from '../support/buses.js'
import { STOCK_DIRECTORY } from '../support/other-plugins.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { expectValidResult } from '../support/result-specification.js'
import { Testbed } from '../support/testbed.js'

/** The cases of `skel` about its own namespace, and of the upstream proposal. */
describe.each(BOTH_ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const add = (configuration: Record<string, unknown>, variables = {}) => {
    const { exitCode, stdout, document } = call('ADD', { configuration, variables })
    expect(exitCode, stdout).toBe(0)
    expectValidResult(document)
    return document
  }

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('21. with its own namespace as CNI_NETNS', () => {
    const ownNamespace = { CNI_NETNS: '/proc/self/ns/net' }

    it.each([
      ['ADD', 'nothing was changed; '],
      ['DEL', ''],
    ])('%s is refused', (command, state) => {
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      const before = testbed.hostState()
      const { exitCode, document } = call(command, { variables: ownNamespace })
      expect(exitCode).toBe(1)
      expect(document).toEqual({
        ...{ cniVersion: '1.1.0', code: 8 },
        msg: "plugin's netns and netns from CNI_NETNS should not be the same",
        details: `${state}${command} was for eth1, as net1 in sandbox /proc/self/ns/net`,
      })
      // The library looks only after the plugin has acted; here nothing has been moved.
      expect(testbed.hostState()).toBe(before)
    })

    it.each(['false', '0', 'yes'])('CNI_NETNS_OVERRIDE=%s changes nothing', (override) => {
      const variables = { ...ownNamespace, CNI_NETNS_OVERRIDE: override }
      expect(call('ADD', { variables }).document.code).toBe(8)
    })

    it.each(['true', 'TRUE', '1'])('CNI_NETNS_OVERRIDE=%s allows it', (override) => {
      const variables = { ...ownNamespace, CNI_NETNS_OVERRIDE: override }
      expect(add({}, variables).interfaces).toHaveLength(1)
      expect(testbed.onHost('link')).toContain('net1')
      expect(call('DEL', { variables })).toMatchObject({ exitCode: 0, stdout: '' })
      expect(testbed.onHost('link')).toContain('eth1')
      expect(testbed.onHost('link')).not.toContain('net1')
    })
  })

  it.each(['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'])(
    '30. the address, the route in its table and the rule are there, in %s',
    (cniVersion) => {
      testbed.onHost('address add 10.20.0.2/24 dev eth1')
      testbed.onHost('route add 10.30.0.0/16 dev eth1 scope link table 100')
      testbed.onHost('rule add from 10.20.0.0/24 lookup 100 priority 30000')
      const configuration = { cniVersion, useInterfaceNetwork: true }
      const { ips, routes } = add(configuration)
      expect(ips).toEqual([expect.objectContaining({ address: '10.20.0.2/24', interface: 0 })])
      expect(routes).toEqual([{ dst: '10.30.0.0/16', table: 100, scope: 253 }])
      expect(testbed.inPod('address show dev net1')).toContain('inet 10.20.0.2/24')
      expect(testbed.inPod('route show table 100')).toContain('10.30.0.0/16 dev net1 scope link')
      expect(testbed.inPod('rule')).toMatch(/30000:\s+from 10\.20\.0\.0\/24 lookup 100/)
      expect(call('DEL', { configuration })).toMatchObject({ exitCode: 0, stdout: '' })
      expect(testbed.onHost('link')).toContain('eth1')
    },
  )

  it('31. a device that DPDK has, has no addresses to carry', () => {
    const device = 'pci/devices/0000:ff:1f.4'
    const before = testbed.hostState()
    const { exitCode, document } = call('ADD', {
      configuration: { device: undefined, pciBusID: '0000:ff:1f.4', useInterfaceNetwork: true },
      wrapper: withBuses([device], { [device]: 'vfio-pci' }),
    })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      code: 7,
      msg: 'useInterfaceNetwork is not supported for dpdk-bound devices',
    })
    expect(testbed.hostState()).toBe(before)
  })

  it('32. what IPAM assigns comes first in the result, then what is carried', () => {
    testbed.onHost('address add 10.20.0.2/24 dev eth1')
    const configuration = {
      cniVersion: '1.0.0',
      useInterfaceNetwork: true,
      ipam: { type: 'static', addresses: [{ address: '10.10.0.1/24' }] },
    }
    const { ips } = add(configuration, { CNI_PATH: STOCK_DIRECTORY })
    expect(ips).toEqual([
      { address: '10.10.0.1/24', interface: 0 },
      { address: '10.20.0.2/24', interface: 0 },
    ])
    const addresses = testbed.inPod('address show dev net1')
    expect(addresses).toContain('inet 10.10.0.1/24')
    expect(addresses).toContain('inet 10.20.0.2/24')
  })

  it('33. what the kernel and the routers make by themselves stays behind', () => {
    testbed.onHost('address add 2001:db8:1::5/64 dev eth1')
    testbed.onHost('address add 2001:db8:2::5/64 dev eth1 valid_lft 3600 preferred_lft 1800')
    testbed.onHost('route add 2001:db8:a::/48 via 2001:db8:1::1')
    testbed.onHost('route add 2001:db8:b::/48 via 2001:db8:1::1 proto ra')
    testbed.onHost('route add fe80::/10 dev eth1')
    testbed.onHost('route add 2001:db8:c::/48 dev eth1 proto kernel')
    testbed.onHost('route add local 2001:db8:d::1 dev eth1 table local')
    const { ips, routes } = add({ useInterfaceNetwork: true })
    expect(ips).toEqual([{ address: '2001:db8:1::5/64', interface: 0 }])
    const destinations = routes.map(({ dst }: { dst: string }) => dst)
    expect(destinations).toEqual(['2001:db8:a::/48'])
    const inPod = testbed.inPod('-6 address') + testbed.inPod('-6 route show table all')
    expect(inPod).toContain('2001:db8:1::5')
    expect(inPod).toContain('2001:db8:a::/48')
    for (const absent of ['2001:db8:2::', '2001:db8:b::', 'fe80::/10', '2001:db8:c', '2001:db8:d'])
      expect(inPod).not.toContain(absent)
  })
})
