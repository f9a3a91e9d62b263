import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { STOCK_DIRECTORY } from '../support/other-plugins.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(BOTH_ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options = {}) => callPlugin(testbed, path, command, options)

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.onHost('route add default via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('ADD brings address and routes into the sandbox and the result', () => {
    const { exitCode, document } = call('ADD')
    expect(exitCode).toBe(0)
    expect(testbed.inPod('-4 address show dev net1')).toContain('inet 198.51.100.5/24 scope global')
    const routes = testbed.inPod('route')
    expect(routes).toContain('default via 198.51.100.1 dev net1')
    expect(routes).toContain('203.0.113.0/24 via 198.51.100.1 dev net1')
    expect(document).toEqual({
      cniVersion: '1.1.0',
      interfaces: [
        {
          name: 'net1',
          mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
          mtu: 1500,
          sandbox: testbed.sandboxPath,
        },
      ],
      ips: [{ address: '198.51.100.5/24', interface: 0 }],
      routes: [
        { dst: '0.0.0.0/0', gw: '198.51.100.1', table: 254 },
        { dst: '203.0.113.0/24', gw: '198.51.100.1', table: 254 },
      ],
    })
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
  })

  it('ADD leaves nothing of the device on the host', () => {
    call('ADD')
    expect(testbed.onHost('link')).not.toContain('eth1')
    expect(testbed.onHost('-4 address')).not.toContain('198.51.100.5')
    expect(testbed.onHost('route')).toBe('')
  })

  it('DEL brings the device home under its own name, up as it was, alias and all', () => {
    testbed.onHost('link set eth1 alias uplink')
    const link = () => {
      testbed.settle()
      return JSON.parse(testbed.onHost('-json link show dev eth1'))
    }
    const before = link()
    call('ADD')
    expect(testbed.inPod('link show dev net1')).toContain('alias eth1')
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(link()).toEqual(before)
    expect(testbed.inPod('link')).not.toContain('net1')
  })

  it('DEL leaves a device down that was down', () => {
    testbed.onHost('link set eth1 down')
    call('ADD')
    expect(testbed.inPod('link show dev net1 up')).toContain('net1')
    call('DEL')
    expect(testbed.onHost('link show dev eth1 up')).toBe('')
  })

  it('DEL twice is success, and leaves no record and no lock', () => {
    call('ADD')
    expect(call('DEL').exitCode).toBe(0)
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    const left = readdirSync(testbed.stateDirectory, { recursive: true }).toSorted()
    expect(left).toEqual(['attachments', 'locks'])
  })

  it('DEL without an ADD is success', () => {
    const before = testbed.hostState()
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.hostState()).toBe(before)
  })

  it('DEL finds the sandbox by the record where the runtime no longer knows it', () => {
    call('ADD')
    expect(call('DEL', { variables: { CNI_NETNS: undefined } }).exitCode).toBe(0)
    expect(testbed.onHost('link')).toContain('eth1')
  })

  it('DEL is success when the sandbox has gone, with the virtual device in it', () => {
    call('ADD')
    testbed.run(testbed.host, `ip netns delete ${testbed.pod}`)
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('DEL finds a device that the pod has renamed', () => {
    call('ADD')
    testbed.inPod('link set net1 down')
    testbed.inPod('link set net1 name renamed')
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.onHost('link')).toContain('eth1')
  })

  it('DEL fails while the device’s name is taken on the host, and succeeds after', () => {
    call('ADD')
    testbed.onHost('link add eth1 type ifb')
    const { exitCode, document } = call('DEL')
    expect(exitCode).toBe(1)
    expect(document.msg).toContain('the host has another device of that name')
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    testbed.onHost('link delete eth1')
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.onHost('link')).toContain('eth1@')
  })

  it('carries IPv6 addresses that are usable at once, and routes with such a source', () => {
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.settle()
    testbed.onHost('route add 2001:db8:1::/48 via 2001:db8::1 src 2001:db8::5 metric 50')
    const { document } = call('ADD')
    expect(document.ips).toContainEqual({ address: '2001:db8::5/64', interface: 0 })
    expect(document.routes).toContainEqual({
      dst: '2001:db8:1::/48',
      gw: '2001:db8::1',
      table: 254,
      priority: 50,
    })
    expect(testbed.inPod('-6 route')).toContain('2001:db8:1::/48 via 2001:db8::1 dev net1 src')
    expect(testbed.inPod('-6 address show dev net1 scope global')).not.toMatch(/tentative|nodad/)
    expect(testbed.podReaches('2001:db8::1')).toBe(true)
  })

  it('carries routes of any table, with metric, MTU and scope', () => {
    testbed.onHost('route add 192.0.2.0/24 dev eth1 scope link table 1000 metric 7 mtu 1400')
    const { document } = call('ADD')
    expect(document.routes).toContainEqual({
      dst: '192.0.2.0/24',
      table: 1000,
      priority: 7,
      mtu: 1400,
      scope: 253,
    })
    expect(testbed.inPod('route show table 1000')).toMatch(
      /192\.0\.2\.0\/24 dev net1 scope link metric 7 mtu 1400/,
    )
  })

  it('with useInterfaceNetwork false moves the device alone', () => {
    const { document } = call('ADD', { configuration: { useInterfaceNetwork: false } })
    expect(Object.keys(document)).toEqual(['cniVersion', 'interfaces'])
    expect(testbed.inPod('-4 address show dev net1')).toBe('')
    expect(testbed.inPod('link show dev net1 up')).toContain('net1')
  })

  it('takes the device by an alternative name, which it keeps', () => {
    testbed.onHost('link property add dev eth1 altname uplink-of-the-storage-network')
    const configuration = { device: 'uplink-of-the-storage-network' }
    expect(call('ADD', { configuration }).exitCode).toBe(0)
    expect(testbed.inPod('link show dev net1')).toContain('uplink-of-the-storage-network')
    expect(call('DEL', { configuration }).exitCode).toBe(0)
    expect(testbed.onHost('link show dev uplink-of-the-storage-network')).toContain('eth1')
  })

  it('with force lends a device that another depends on', () => {
    testbed.onHost('link add copy link eth1 type macvlan')
    expect(call('ADD').exitCode).toBe(1)
    expect(call('ADD', { configuration: { force: true } }).exitCode).toBe(0)
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    expect(call('DEL').exitCode).toBe(0)
  })

  describe('with force, of a port of a bridge,', () => {
    const force = { force: true }
    const master = () => /master \w+/.exec(testbed.onHost('link show dev eth1'))?.[0]

    beforeEach(() => {
      testbed.onHost('link add bridge0 type bridge')
      testbed.onHost('link set eth1 master bridge0')
    })

    it('says that it leaves the bridge, and DEL makes it a port again', () => {
      const { exitCode, stderr } = call('ADD', { configuration: force })
      expect(exitCode).toBe(0)
      expect(stderr).toContain('eth1 is no port of bridge0 any more')
      expect(call('DEL').exitCode).toBe(0)
      expect(master()).toBe('master bridge0')
      expect(testbed.onHost('link show dev eth1')).toContain(',UP')
    })

    it('makes it a port again if ADD fails', () => {
      const ipam = { type: 'static', addresses: [{ address: 'nowhere' }] }
      const configuration = { ...force, cniVersion: '1.0.0', ipam }
      const variables = { CNI_PATH: STOCK_DIRECTORY }
      expect(call('ADD', { configuration, variables }).exitCode).toBe(1)
      expect(master()).toBe('master bridge0')
    })

    it('leaves it to itself with "restoreOnDelete": false, and if the bridge is gone', () => {
      call('ADD', { configuration: force })
      expect(call('DEL', { configuration: { restoreOnDelete: false } }).exitCode).toBe(0)
      expect(master()).toBeUndefined()
      testbed.onHost('link set eth1 master bridge0')
      call('ADD', { configuration: force })
      testbed.onHost('link delete bridge0')
      const { exitCode, stderr } = call('DEL')
      expect(exitCode).toBe(0)
      expect(stderr).toContain('eth1 is home without the bridge or bond of which it was a port')
    })
  })

  it('says which qdisc the kernel has removed', () => {
    testbed.run(testbed.host, 'tc qdisc add dev eth1 root handle 1: htb default 1')
    const words = 'the kernel has removed from eth1, which does not get it back: qdisc htb'
    expect(call('ADD').stderr).toContain(words)
    call('DEL')
    expect(call('ADD').stderr).not.toContain('qdisc')
  })

  it('merges its result into the previous one', () => {
    const prevResult = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'eth0', sandbox: testbed.sandboxPath, unknown: 'kept' }],
      ips: [{ address: '10.22.0.2/16', interface: 0 }],
      dns: { nameservers: ['10.22.0.1'] },
    }
    const { document } = call('ADD', { configuration: { prevResult } })
    expect(document.interfaces[0]).toEqual(prevResult.interfaces[0])
    expect(document.interfaces[1].name).toBe('net1')
    expect(document.ips).toEqual([
      { address: '10.22.0.2/16', interface: 0 },
      { address: '198.51.100.5/24', interface: 1 },
    ])
    expect(document.dns).toEqual(prevResult.dns)
  })

  it.each(['0.3.0', '0.3.1', '0.4.0'])('speaks %s', (cniVersion) => {
    const { document } = call('ADD', { configuration: { cniVersion } })
    expect(document.cniVersion).toBe(cniVersion)
    expect(document.ips).toEqual([{ version: '4', address: '198.51.100.5/24', interface: 0 }])
    expect(document.interfaces[0]).not.toHaveProperty('mtu')
    expect(call('DEL', { configuration: { cniVersion } }).exitCode).toBe(0)
  })

  it.each(['1', 'true', 'TRUE'])('renames in its own namespace with the override %s', (value) => {
    const variables = { CNI_NETNS: '/proc/self/ns/net', CNI_NETNS_OVERRIDE: value }
    expect(call('ADD', { variables }).exitCode).toBe(0)
    expect(testbed.onHost('address show dev net1')).toContain('198.51.100.5/24')
    expect(call('DEL', { variables }).exitCode).toBe(0)
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
  })

  it('answers VERSION, whatever else is missing', () => {
    const nothing = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_PATH: undefined }
    const { exitCode, document } = call('VERSION', { input: '', variables: nothing })
    expect(exitCode).toBe(0)
    expect(document).toEqual({
      cniVersion: '1.1.0',
      supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    })
  })
})
