import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('IPAM: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, ipam: object, configuration: object = {}) =>
    callPlugin(testbed, path, command, {
      // The newest that Debian's plugins speak.
      configuration: { cniVersion: '1.0.0', ipam, ...configuration },
      variables: { CNI_PATH: '/usr/lib/cni' },
    })

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.inCloud('address add 10.10.0.254/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const hostLocal = () => ({
    type: 'host-local',
    dataDir: `${testbed.stateDirectory}/host-local`,
    ranges: [[{ subnet: '10.10.0.0/24', rangeStart: '10.10.0.7', gateway: '10.10.0.254' }]],
    routes: [{ dst: '0.0.0.0/0' }],
  })
  const fixed = () => ({
    type: 'static',
    addresses: [
      { address: '10.10.0.7/24', gateway: '10.10.0.254' },
      { address: '2001:db8:10::7/64' },
    ],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '192.0.2.0/24', gw: '10.10.0.253' }],
    dns: { nameservers: ['10.10.0.254'] },
  })

  describe.each([
    ['host-local', hostLocal],
    ['static', fixed],
  ])('%s', (_, ipam) => {
    it('beside the host state: addresses and routes of both, IPAM first', () => {
      const { exitCode, document } = call('ADD', ipam())
      expect(exitCode).toBe(0)
      expect(document.interfaces).toHaveLength(1)
      expect(document.ips[0]).toMatchObject({ address: '10.10.0.7/24', interface: 0 })
      expect(document.ips.at(-1)).toEqual({ address: '198.51.100.5/24', interface: 0 })
      expect(document.routes[0]).toEqual({ dst: '0.0.0.0/0' })
      expect(document.routes.at(-1)).toMatchObject({ dst: '203.0.113.0/24', gw: '198.51.100.1' })
      expect(testbed.inPod('route')).toContain('default via 10.10.0.254 dev net1')
      expect(testbed.inPod('route')).toContain('203.0.113.0/24 via 198.51.100.1 dev net1')
      expect(testbed.podReaches('10.10.0.254')).toBe(true)
      expect(testbed.podReaches('198.51.100.1')).toBe(true)
      expect(call('CHECK', ipam(), { prevResult: document })).toMatchObject({
        exitCode: 0,
        stdout: '',
      })
      expect(call('DEL', ipam())).toMatchObject({ exitCode: 0, stdout: '' })
      testbed.settle()
      expect(testbed.onHost('link show eth1')).toContain('state UP')
    })

    it('in place of the host state', () => {
      const { document } = call('ADD', ipam(), { useInterfaceNetwork: false })
      expect(document.ips[0]).toMatchObject({ address: '10.10.0.7/24', interface: 0 })
      expect(testbed.inPod('-4 address')).not.toContain('198.51.100.5')
      expect(testbed.podReaches('10.10.0.254')).toBe(true)
      expect(call('DEL', ipam()).exitCode).toBe(0)
    })
  })

  it('does not mind an address or route that the device brings anyway', () => {
    const ipam = {
      type: 'static',
      addresses: [{ address: '198.51.100.5/24' }],
      routes: [{ dst: '203.0.113.0/24', gw: '198.51.100.1' }],
    }
    const { exitCode, document } = call('ADD', ipam)
    expect(exitCode).toBe(0)
    expect(document.ips).toEqual([{ address: '198.51.100.5/24', interface: 0 }])
    expect(document.routes).toEqual([{ dst: '203.0.113.0/24', gw: '198.51.100.1' }])
  })

  it('gives addresses what every CNI plugin gives them', () => {
    call('ADD', fixed())
    expect(testbed.inPod('-4 address')).toContain('inet 10.10.0.7/24 brd 10.10.0.255')
    const kept = testbed.run(testbed.pod, 'cat /proc/sys/net/ipv6/conf/net1/keep_addr_on_down')
    expect(kept.stdout).toBe('1')
  })

  it('waits for duplicate address detection where routes go by an IPv6 gateway', () => {
    const address = { address: '2001:db8:10::7/64', gateway: '2001:db8:10::1' }
    call('ADD', { type: 'static', addresses: [address] })
    expect(testbed.inPod('-6 address show dev net1 scope global')).not.toContain('tentative')
  })

  it('has its name servers in the result, unless the configuration names some', () => {
    expect(call('ADD', fixed()).document.dns).toEqual({ nameservers: ['10.10.0.254'] })
    call('DEL', fixed())
    const dns = { search: ['example.org'] }
    expect(call('ADD', fixed(), { dns }).document.dns).toEqual(dns)
  })

  it.each([
    ['an address', 'address delete 10.10.0.7/24 dev net1', 'address 10.10.0.7/24 is missing'],
    ['a route', 'route delete 192.0.2.0/24', 'route 192.0.2.0/24 via 10.10.0.253 dev net1 is'],
  ])('CHECK misses %s that was assigned', (_, words, message) => {
    const { document } = call('ADD', fixed())
    testbed.inPod(words)
    expect(call('CHECK', fixed(), { prevResult: document }).document).toMatchObject({
      code: 105,
      msg: expect.stringContaining(message),
    })
  })

  describe('as it is called', () => {
    let ipam: ScriptedIpam
    const scripted = (command: string, options: CallOptions = {}) =>
      callPlugin(testbed, path, command, {
        ...options,
        configuration: { ipam: { type: ipam.type }, ...options.configuration },
        variables: { CNI_PATH: ipam.directory, ...options.variables },
      })

    beforeEach(() => {
      ipam = new ScriptedIpam()
    })
    afterEach(() => ipam[Symbol.dispose]())

    it('gets stdin and environment as they came, but for the command; stderr is passed on', () => {
      ipam[Symbol.dispose]()
      ipam = new ScriptedIpam({ DEL: 'echo a word for the operator >&2' })
      const input = `{ "cniVersion": "1.0.0",\t"NAME": "lent", "device": "eth1", "stateDir":
        "${testbed.stateDirectory}", "ipam": {"type": "${ipam.type}", "secret": "ü"} }\n`
      const variables = { CNI_ARGS: 'K8S_POD_NAME=web;X=1', OTHER: 'kept' }
      expect(scripted('ADD', { input, variables }).exitCode).toBe(0)
      expect(ipam.received('stdin', 'ADD')).toBe(input)
      const environment = ipam.received('environment', 'ADD').split('\n')
      for (const line of [
        'CNI_COMMAND=ADD',
        'CNI_CONTAINERID=container-1',
        'CNI_IFNAME=net1',
        `CNI_NETNS=${testbed.sandboxPath}`,
        'CNI_ARGS=K8S_POD_NAME=web;X=1',
        'OTHER=kept',
      ])
        expect(environment).toContain(line)
      const { stderr } = scripted('DEL', { input })
      expect(stderr).toContain('a word for the operator')
      expect(ipam.received('environment', 'DEL')).toContain('CNI_COMMAND=DEL')
    })

    it('is asked to release, whatever else is there or not', () => {
      expect(scripted('DEL').exitCode).toBe(0)
      expect(scripted('DEL', { variables: { CNI_NETNS: '' } }).exitCode).toBe(0)
      expect(scripted('DEL', { variables: { CNI_NETNS: '/run/netns/gone' } }).exitCode).toBe(0)
      expect(ipam.calls).toEqual(['DEL', 'DEL', 'DEL'])
    })

    it('knows a device by the name it has in the sandbox', () => {
      const valid = [{ containerID: 'container-1', ifname: 'net1' }]
      const configuration = { ifName: 'storage', 'cni.dev/valid-attachments': valid }
      expect(scripted('ADD', { configuration }).document.ips[0].address).toBe('198.51.100.77/24')
      expect(ipam.received('environment', 'ADD')).toContain('CNI_IFNAME=storage')
      expect(scripted('GC', { configuration }).exitCode).toBe(0)
      expect(JSON.parse(ipam.received('stdin', 'GC'))['cni.dev/valid-attachments']).toEqual([
        ...valid,
        { containerID: 'container-1', ifname: 'storage' },
      ])
    })

    it('gets CHECK, STATUS and GC, with a list and without', () => {
      const { document: prevResult } = scripted('ADD')
      expect(scripted('CHECK', { configuration: { prevResult } }).exitCode).toBe(0)
      expect(scripted('STATUS').exitCode).toBe(0)
      expect(scripted('GC').exitCode).toBe(0)
      expect(
        scripted('GC', { configuration: { 'cni.dev/valid-attachments': null } }).exitCode,
      ).toBe(0)
      expect(ipam.calls).toEqual(['ADD', 'CHECK', 'STATUS', 'GC', 'GC'])
      expect(testbed.onHost('link show eth1')).toContain('eth1')
    })
  })
})
