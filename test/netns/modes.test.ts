import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { callStockPlugin } from '../support/stock-plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed

  const call = (command: string, configuration: object = {}, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, {
      ...options,
      configuration: { cniVersion: '1.0.0', ...configuration },
    })

  const stock = (command: string, type: string, configuration: object) =>
    callStockPlugin(testbed, command, { type, ...configuration })

  const inUse = () => [...testbed.filesIn('attachments'), ...testbed.filesIn('captures')]

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    testbed.onHost('rule add iif eth1 lookup 100 priority 51')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function expectStateIn(device: string): void {
    expect(testbed.inPod(`address show dev ${device}`)).toContain('198.51.100.5/24')
    expect(testbed.inPod(`address show dev ${device}`)).toContain('2001:db8::5/64')
    expect(testbed.inPod('route show table 100')).toContain(`via 198.51.100.1 dev ${device}`)
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5 lookup 100')
    expect(testbed.inPod('rule')).toContain(`iif ${device} lookup 100`)
    expect(testbed.inPod('neighbour')).toContain(`198.51.100.9 dev ${device} lladdr 02:00`)
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    expect(testbed.podReaches('2001:db8::1')).toBe(true)
  }

  describe('capture, the stock host-device, apply', () => {
    const capture = { mode: 'capture' }
    const apply = { device: undefined }

    it('gives the moved device the state it had', () => {
      expect(call('ADD', capture).document).toEqual({ cniVersion: '1.0.0' })
      const moved = stock('ADD', 'host-device', { device: 'eth1' })
      const { exitCode, document } = call('ADD', { ...apply, prevResult: moved })
      expect(exitCode).toBe(0)
      expect(document.interfaces).toEqual(moved.interfaces)
      expect(document.ips).toContainEqual({ address: '198.51.100.5/24', interface: 0 })
      expectStateIn('net1')
      for (const stage of [capture, apply]) {
        const outcome = call('CHECK', { ...stage, prevResult: document })
        expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
      }
      expect(call('STATUS', { ...capture, cniVersion: '1.1.0' }).exitCode).toBe(0)

      expect(call('DEL', apply).exitCode).toBe(0)
      expect(testbed.inPod('rule')).not.toContain('lookup 100')
      stock('DEL', 'host-device', { device: 'eth1', prevResult: document })
      expect(call('DEL', capture).exitCode).toBe(0)
      expect(inUse()).toEqual([])
      expect(testbed.onHost('link')).toContain('eth1@')
    })

    it('CHECK misses what is not there any more', () => {
      call('ADD', capture)
      const { document } = call('ADD', {
        ...apply,
        prevResult: stock('ADD', 'host-device', { device: 'eth1' }),
      })
      testbed.inPod('address delete 198.51.100.5/24 dev net1')
      expect(call('CHECK', { ...apply, prevResult: document }).document).toMatchObject({
        code: 105,
        msg: expect.stringContaining('address 198.51.100.5/24 is missing'),
      })
      testbed.inPod('link delete net1')
      expect(call('CHECK', { ...apply, prevResult: document }).document.code).toBe(105)
      expect(call('DEL', capture).exitCode).toBe(0)
      expect(call('CHECK', { ...capture, prevResult: document }).document.code).toBe(105)
    })

    it('GC forgets both', () => {
      call('ADD', capture)
      call('ADD', { ...apply, prevResult: stock('ADD', 'host-device', { device: 'eth1' }) })
      expect(inUse()).toHaveLength(2)
      const list = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }
      expect(call('GC', list).exitCode).toBe(0)
      expect(inUse()).toEqual([])
      // The device is the other plugin's to bring home.
      expect(testbed.inPod('link')).toContain('net1@')
    })

    it.each([
      ['routes', 'route add 192.0.2.0/24 dev eth1 proto static', 'route show dev eth1'],
      [
        'neighbours',
        'neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth1 nud permanent',
        'neighbour show nud permanent',
      ],
    ])('gives its %s back to a device that had no address', (_, words, shown) => {
      testbed.onHost('address flush dev eth1')
      testbed.onHost('neighbour flush dev eth1')
      testbed.onHost(words)
      const before = testbed.onHost(shown)
      expect(before).toContain('192.0.2')
      call('ADD', capture)
      stock('ADD', 'host-device', { device: 'eth1' })
      stock('DEL', 'host-device', { device: 'eth1' })
      expect(testbed.onHost(shown)).not.toContain('192.0.2')
      expect(call('DEL', capture).exitCode).toBe(0)
      expect(testbed.onHost(shown)).toBe(before)
    })

    it('passes on what plugins before it reported', () => {
      const prevResult = { interfaces: [{ name: 'br0' }], dns: { domain: 'example.org' } }
      const { document } = call('ADD', { ...capture, prevResult })
      expect(document).toEqual({ cniVersion: '1.0.0', ...prevResult })
    })
  })

  describe('macvlan, apply', () => {
    const macvlan = { master: 'eth1', mode: 'bridge', ipam: {} }

    it('gives the macvlan device the state of its master', () => {
      const before = testbed.hostState()
      const made = stock('ADD', 'macvlan', macvlan)
      const { exitCode, document } = call('ADD', { prevResult: made })
      expect(exitCode).toBe(0)
      expect(document.interfaces).toEqual(made.interfaces)
      expectStateIn('net1')
      expect(call('CHECK', { prevResult: document }).exitCode).toBe(0)
      expect(call('DEL').exitCode).toBe(0)
      stock('DEL', 'macvlan', macvlan)
      expect(testbed.hostState().replaceAll(',PROMISC', '')).toBe(before)
    })

    it('leaves no rule and no record where the kernel refuses part of the state', () => {
      testbed.onHost('route add 192.0.2.0/24 via 198.51.100.1')
      const made = stock('ADD', 'macvlan', macvlan)
      testbed.inPod('link set net1 up')
      testbed.inPod('route add 192.0.2.0/24 dev net1')
      const { document } = call('ADD', { prevResult: made })
      expect(document).toMatchObject({
        code: 102,
        msg: expect.stringContaining('cannot set route 192.0.2.0/24 via 198.51.100.1 dev net1'),
      })
      expect(testbed.inPod('rule')).not.toContain('lookup 100')
      expect(inUse()).toEqual([])
    })
  })

  it('gives an interface the state of a device that cannot move', () => {
    testbed.onHost('link add bridge0 type bridge')
    testbed.onHost('address add 192.0.2.5/24 dev bridge0')
    testbed.inPod('link add net1 type ifb')
    const { document } = call('ADD', { mode: 'apply', device: 'bridge0' })
    expect(document.ips).toEqual([{ address: '192.0.2.5/24', interface: 0 }])
  })

  describe('the choice', () => {
    const elsewhere = { interfaces: [{ name: 'net1', sandbox: '/run/netns/other' }] }

    it('is to move where the name is in no result of this sandbox', () => {
      expect(call('ADD', { prevResult: elsewhere }).document.interfaces).toHaveLength(2)
      expect(testbed.onHost('link')).not.toContain('eth1@')
    })

    it('is the one of the configuration, if it says', () => {
      const prevResult = { interfaces: [{ name: 'net1', sandbox: testbed.sandboxPath }] }
      expect(call('ADD', { mode: 'move', prevResult }).exitCode).toBe(0)
      expect(testbed.onHost('link')).not.toContain('eth1@')
    })

    it('of apply needs an interface, and a device or a capture', () => {
      expect(call('ADD', { mode: 'apply' }).document).toMatchObject({
        code: 100,
        msg: `cannot apply anything to net1: there is no such interface in sandbox ${testbed.sandboxPath}`,
      })
      testbed.inPod('link add net1 type ifb')
      expect(call('ADD', { mode: 'apply', device: undefined }).document).toMatchObject({ code: 7 })
      expect(call('ADD', { mode: 'apply' }).exitCode).toBe(0)
    })
  })

  describe('ifName', () => {
    const named = { ifName: 'storage' }
    const eth0 = { CNI_IFNAME: 'eth0' }

    it('is the name in the sandbox, beside an interface of the runtime’s name', () => {
      testbed.inPod('link add eth0 type ifb')
      const prevResult = { interfaces: [{ name: 'eth0', sandbox: testbed.sandboxPath }] }
      const configuration = { ...named, prevResult }
      const { document } = call('ADD', configuration, { variables: eth0 })
      expect(document.interfaces[1]).toMatchObject({
        name: 'storage',
        sandbox: testbed.sandboxPath,
      })
      expectStateIn('storage')
      const check = call('CHECK', { ...named, prevResult: document }, { variables: eth0 })
      expect(check.exitCode).toBe(0)
      expect(call('DEL', named, { variables: eth0 }).exitCode).toBe(0)
      expect(testbed.onHost('link')).toContain('eth1@')
      expect(testbed.inPod('link')).toContain('eth0:')
    })

    it('lets one chain bring several devices, each with a record of its own', () => {
      testbed.addDevice('eth2')
      const other = { device: 'eth2', ifName: 'backup' }
      expect(call('ADD', named, { variables: eth0 }).exitCode).toBe(0)
      expect(call('ADD', other, { variables: eth0 }).exitCode).toBe(0)
      expect(inUse()).toHaveLength(2)
      const valid = (list: object[]) => ({
        cniVersion: '1.1.0',
        'cni.dev/valid-attachments': list,
      })
      call('GC', valid([{ containerID: 'container-1', ifname: 'eth0' }]))
      expect(inUse()).toHaveLength(2)
      expect(call('DEL', named, { variables: eth0 }).exitCode).toBe(0)
      expect(testbed.inPod('link')).toContain('backup@')
      call('GC', valid([]))
      expect(inUse()).toEqual([])
      expect(testbed.onHost('link')).toContain('eth2@')
    })
  })
})
