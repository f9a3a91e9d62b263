import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { type CallOptions, callPlugin, runCommandLine, startPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact, with gVisor,', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: object = {}, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, {
      ...options,
      configuration: { cniVersion: '1.0.0', gvisor: true, ...configuration },
    })
  const defaults = () => testbed.inPod('route show default').trim()

  describe('gives a device that moves', () => {
    beforeEach(() => {
      testbed = new Testbed()
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
    })
    afterEach(() => testbed[Symbol.dispose]())

    it('one of two default routes: the one the kernel prefers', () => {
      testbed.onHost('route add default via 198.51.100.9 metric 200')
      testbed.onHost('route add default via 198.51.100.1 metric 100')
      testbed.onHost('route add default via 198.51.100.9 table 100')
      const { exitCode, document, stderr } = call('ADD')
      expect(exitCode).toBe(0)
      expect(defaults()).toBe('default via 198.51.100.1 dev net1 metric 100')
      expect(testbed.inPod('route show table 100')).toContain('default via 198.51.100.9')
      expect(stderr).toContain(
        'net1 is without route default via 198.51.100.9 dev net1 metric 200, so that gVisor starts: it takes one default route of a family',
      )
      expect(document.routes).toHaveLength(2)
      expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0 })
      testbed.inPod('route delete default')
      expect(call('CHECK', { prevResult: document }).document.msg).toContain('is missing')
    })

    it('no more where a repair begins while ADD runs', async () => {
      testbed.onHost('route add default via 198.51.100.9 metric 200')
      testbed.onHost('route add default via 198.51.100.1 metric 100')
      const assigns = `echo '{"cniVersion":"1.0.0","ips":[{"address":"198.51.100.77/24"}]}'`
      using ipam = new ScriptedIpam({ ADD: `sleep 2; ${assigns}` })
      const configuration = { cniVersion: '1.0.0', gvisor: true, ipam: { type: ipam.type } }
      const variables = { CNI_PATH: ipam.directory }
      const adding = startPlugin(testbed, path, 'ADD', { configuration, variables })
      await expect.poll(() => ipam.calls, { timeout: 20_000 }).toEqual(['ADD'])
      const words = ['repair', '--all', '--state-dir', testbed.stateDirectory]
      const repair = runCommandLine(testbed, path, words)
      expect(await adding).toMatchObject({ exitCode: 0 })
      expect(repair).toMatchObject({ exitCode: 0, stderr: '' })
      expect(repair.stdout).toContain('left all else: gVisor rules that sandbox')
      expect(defaults()).toBe('default via 198.51.100.1 dev net1 metric 100')
    })

    it('no default route without a gateway', () => {
      testbed.onHost('route add default dev eth1')
      const { document, stderr } = call('ADD')
      expect(defaults()).toBe('')
      expect(stderr).toContain('it takes no default route without a gateway')
      expect(document.routes ?? []).toEqual([])
      expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0 })
    })

    it('no default route beside that of another interface', () => {
      testbed.onHost('route add default via 198.51.100.1')
      testbed.inPod(`link add eth0 type veth peer name eth0 netns ${testbed.cloud}`)
      testbed.inPod('link set eth0 up')
      testbed.inCloud('link set eth0 up')
      testbed.inPod('address add 10.0.0.2/24 dev eth0')
      testbed.inPod('route add default via 10.0.0.1')
      expect(call('ADD').exitCode).toBe(0)
      expect(defaults()).toBe('default via 10.0.0.1 dev eth0')
    })

    it('one hop of a default route with several', () => {
      testbed.onHost(
        'route add default nexthop via 198.51.100.1 dev eth1 nexthop via 198.51.100.9 dev eth1',
      )
      expect(call('ADD').exitCode).toBe(0)
      expect(defaults()).toBe('default via 198.51.100.1 dev net1')
    })

    it('one of two IPv6 default routes', () => {
      testbed.onHost('address add 2001:db8::5/64 dev eth1 nodad')
      testbed.onHost('-6 route add default via fe80::1 dev eth1 metric 50')
      testbed.onHost('-6 route add default via fe80::2 dev eth1 metric 60')
      expect(call('ADD').exitCode).toBe(0)
      expect(testbed.inPod('-6 route show default').trim().split('\n')).toEqual([
        expect.stringContaining('default via fe80::1 dev net1 metric 50'),
      ])
    })

    it('a route to the peer in place of a peer address', () => {
      testbed.onHost('address delete 198.51.100.5/24 dev eth1')
      testbed.onHost('address add 198.51.100.5 peer 198.51.100.1/32 dev eth1')
      testbed.onHost('route add default via 198.51.100.1')
      const { document, stderr } = call('ADD')
      expect(testbed.inPod('-4 address show dev net1')).toContain('inet 198.51.100.5/32')
      expect(testbed.inPod('address')).not.toContain('peer')
      expect(testbed.inPod('route')).toContain('198.51.100.1 dev net1 proto static scope link')
      expect(defaults()).toBe('default via 198.51.100.1 dev net1')
      expect(stderr).toContain('it takes no peer')
      expect(testbed.podReaches('198.51.100.1')).toBe(true)
      expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0 })
    })

    it('no default route of IPAM’s beside its own', () => {
      const answer = {
        ips: [{ address: '198.51.100.77/24' }],
        routes: [{ dst: '0.0.0.0/0', gw: '198.51.100.9', priority: 7 }],
      }
      using ipam = new ScriptedIpam({ ADD: `echo '${JSON.stringify(answer)}'` })
      testbed.onHost('route add default via 198.51.100.1')
      const options = { variables: { CNI_PATH: ipam.directory } }
      expect(call('ADD', { ipam: { type: ipam.type } }, options).exitCode).toBe(0)
      expect(defaults()).toBe('default via 198.51.100.1 dev net1')
    })

    it('all of it again in a sandbox that a restart finds as it was left', () => {
      testbed.onHost('route add default via 198.51.100.1')
      const keys = { restoreOnDelete: true }
      call('ADD', keys)
      testbed.inPod('address flush dev net1')
      expect(call('DEL', keys).exitCode).toBe(0)
      expect(call('ADD', keys).exitCode).toBe(0)
      expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5/24')
      expect(defaults()).toBe('default via 198.51.100.1 dev net1')
    })
  })

  it('forgets who had a device before, when it takes that back for another', () => {
    testbed = new Testbed()
    const noted = () => readdirSync(`${testbed.stateDirectory}/gvisor`)
    const lend = (id: string) => call('ADD', {}, { variables: { CNI_CONTAINERID: id } }).exitCode
    try {
      expect(lend('former')).toBe(0)
      expect(noted()).toEqual([expect.stringContaining('former')])
      testbed.inPod(`link set net1 netns ${testbed.host}`)
      expect(lend('next')).toBe(0)
      expect(noted()).toEqual([expect.stringContaining('next')])
    } finally {
      testbed[Symbol.dispose]()
    }
  })

  it('takes off the address with another prefix length only', () => {
    testbed = new Testbed()
    try {
      testbed.inPod('link add net1 type veth peer name peer')
      testbed.inPod('address add 10.0.0.2/24 dev net1')
      testbed.inPod('address add 10.0.0.2/32 dev net1')
      const interfaces = [{ name: 'net1', sandbox: testbed.sandboxPath }]
      const prevResult = { interfaces, ips: [{ address: '10.0.0.2/24', interface: 0 }] }
      const { exitCode, stdout } = call('ADD', { device: undefined, prevResult })
      expect(exitCode, stdout).toBe(0)
      const shown = testbed.inPod('-4 address show dev net1')
      expect(shown).toContain('inet 10.0.0.2/24')
      expect(shown).not.toContain('/32')
    } finally {
      testbed[Symbol.dispose]()
    }
  })

  it('needs no keeper for a veth device, and CHECK takes it as gVisor leaves it', () => {
    using gvisor = GvisorTestbed.withVeth(path)
    gvisor.call('ADD')
    expect(keepersOf(gvisor.containerId)).toEqual([])
    expect(gvisor.call('CHECK').exitCode).toBe(0)
    gvisor.strip()
    expect(gvisor.testbed.inPod('-6 route')).toContain('default')
    expect(gvisor.call('CHECK')).toMatchObject({ exitCode: 0, stdout: '' })
    gvisor.testbed.inPod('link set net1 down')
    expect(gvisor.call('CHECK').document).toMatchObject({ code: 105 })
  })

  it.each(['withMacvlan', 'withVeth'] as const)(
    'gives an interface that gVisor ran on its addresses again, %s',
    async (kind) => {
      using gvisor = GvisorTestbed[kind](path)
      const acceptRa = (words: string) =>
        gvisor.testbed.run(gvisor.testbed.pod, `sysctl ${words}`).stdout
      acceptRa('-q -w net.ipv6.conf.net1.accept_ra=2')
      gvisor.call('ADD')
      gvisor.strip()
      if (kind === 'withMacvlan') {
        await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::5/128'])
        expect(acceptRa('-n net.ipv6.conf.net1.accept_ra')).toBe('0')
      }
      expect(gvisor.call('ADD').exitCode).toBe(0)
      expect(acceptRa('-n net.ipv6.conf.net1.accept_ra')).toBe('2')
      expect(gvisor.addresses()).toEqual(
        expect.arrayContaining(['198.51.100.5/24', '2001:db8::5/64']),
      )
      expect(gvisor.addresses()).not.toContain('2001:db8::5/128')
      expect(gvisor.testbed.inPod('route')).toContain('default via 198.51.100.1')
      expect(gvisor.testbed.inPod('-6 route')).toContain('default via 2001:db8::1')
      expect(gvisor.call('CHECK').exitCode).toBe(0)
    },
  )

  it('applies the state of a device again to an interface that gVisor ran on', async () => {
    using gvisor = GvisorTestbed.withMacvlan(path)
    gvisor.testbed.inPod('address flush dev net1')
    gvisor.testbed.onHost('address add 198.51.100.6/24 dev eth1')
    gvisor.testbed.onHost('address add 2001:db8::6/64 dev eth1 nodad')
    const keys = { device: 'eth1' }
    expect(gvisor.call('ADD', keys).exitCode).toBe(0)
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::6/128'])
    expect(gvisor.call('ADD', keys).exitCode).toBe(0)
    expect(gvisor.addresses()).toEqual(
      expect.arrayContaining(['198.51.100.6/24', '2001:db8::6/64']),
    )
    expect(gvisor.testbed.inPod('-6 route')).toContain('2001:db8::/64 dev net1')
  })
})
