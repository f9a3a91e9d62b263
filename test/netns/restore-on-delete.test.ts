import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { at } from '../support/points.js'
import { runSync } from '../support/run-sync.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('restoreOnDelete: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: Record<string, unknown> = {}) => {
    const outcome = callPlugin(testbed, path, command, {
      configuration,
    })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 198.51.100.1 metric 100 mtu lock 1400')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100 proto static')
    testbed.settle()
    testbed.onHost('-6 route add 2001:db8:1::/48 via 2001:db8::1 src 2001:db8::5')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1')
    testbed.onHost('link set eth1 alias uplink')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([
    ['DEL', {}],
    ['GC', { 'cni.dev/valid-attachments': [] }],
  ])('%s gives the device all that it had', (command, keys) => {
    const before = observeHost(testbed)
    call('ADD')
    expect(call(command, keys)).toMatchObject({ stdout: '', stderr: '' })
    expect(observeHost(testbed)).toEqual(before)
    expect(testbed.onHost('link show eth1')).toContain('alias uplink')
  })

  it('the second pod gets what the first one had, and pings', () => {
    const { document: first } = call('ADD')
    call('DEL')
    const second = callPlugin(testbed, path, 'ADD', {
      variables: { CNI_CONTAINERID: 'container-2' },
    })
    expect(second.document).toEqual(first)
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    expect(testbed.podReaches('2001:db8::1')).toBe(true)
  })

  it('where it is false, and ADD was killed before the move, the device has all that it had', () => {
    testbed.addDevice('eth2')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    testbed.onHost('address add 239.1.1.1/32 dev eth1 autojoin')
    testbed.onHost(
      'route add 203.0.114.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2',
    )
    const before = observeHost(testbed)
    let killed = 0
    for (let nth = 1; ; nth++) {
      const wrapper = tampered(...at({ kind: 'sendto', nth }, 'signal=KILL'))
      const { exitCode } = callPlugin(testbed, path, 'ADD', { wrapper })
      if (!testbed.onHost('-br link').includes('eth1@')) break
      expect(exitCode, `sendto number ${nth}`).toBeUndefined()
      killed++
      call('DEL', { restoreOnDelete: false })
      expect(observeHost(testbed), `sendto number ${nth}`).toEqual(before)
    }
    expect(killed).toBeGreaterThan(5)
  })

  it.each([
    ['restoreOnDelete is false', { restoreOnDelete: false }],
    ['the device was lent bare, as by host-device', { useInterfaceNetwork: false }],
  ])('where %s, the device comes home bare, but up', (_, keys) => {
    call('ADD', keys)
    call('DEL', keys)
    expect(testbed.onHost('-4 address show dev eth1')).toBe('')
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
  })

  it('a device that was lent bare gets back what it had where restoreOnDelete says so', () => {
    const before = observeHost(testbed)
    const keys = { useInterfaceNetwork: false, restoreOnDelete: true }
    call('ADD', keys)
    call('DEL', keys)
    expect(observeHost(testbed)).toEqual(before)
  })

  it('a device that was down comes home down, with its addresses', () => {
    testbed.onHost('link set eth1 down')
    call('ADD')
    call('DEL')
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
    expect(testbed.onHost('link show dev eth1 up')).toBe('')
  })

  it('sysctls too, of those that were asked for', () => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    const sysctls = ['net.ipv4.conf.rp_filter']
    call('ADD', { sysctls })
    call('DEL', { sysctls })
    const { stdout } = testbed.run(testbed.host, 'cat /proc/sys/net/ipv4/conf/eth1/rp_filter')
    expect(stdout).toBe('2')
  })

  it('a lease with the lifetime it has left', () => {
    testbed.onHost('address add 198.51.100.7/24 dev eth1 valid_lft 1000 preferred_lft 500')
    testbed.onHost('address add 198.51.100.8/24 dev eth1 valid_lft 2 preferred_lft 2')
    call('ADD')
    runSync('sleep', ['3'])
    call('DEL')
    const addresses = testbed.onHost('-json address show dev eth1')
    const [lease] = JSON.parse(addresses)[0].addr_info.filter(
      ({ local }: { local: string }) => local === '198.51.100.7',
    )
    expect(lease.valid_life_time).toBeGreaterThan(980)
    expect(lease.valid_life_time).toBeLessThan(998)
    expect(addresses).not.toContain('198.51.100.8')
  })

  it.each([-3600, 3600])('a lease, although the time of day was set by %d seconds', (seconds) => {
    testbed.onHost('address add 198.51.100.7/24 dev eth1 valid_lft 1000 preferred_lft 500')
    call('ADD')
    const path = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    const record = JSON.parse(readFileSync(path, 'utf8'))
    // As if the clock had been wrong then.
    writeFileSync(path, JSON.stringify({ ...record, lentAt: record.lentAt - seconds }))
    call('DEL')
    const [{ addr_info }] = JSON.parse(testbed.onHost('-json -4 address show dev eth1'))
    const left = addr_info.find(({ local }: { local: string }) => local === '198.51.100.7')
    expect(left?.valid_life_time).toBeGreaterThan(900)
    expect(left?.valid_life_time).toBeLessThanOrEqual(1000)
  })

  it('overwrites nothing that somebody put there meanwhile', () => {
    testbed.addDevice('eth2')
    call('ADD')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    testbed.onHost('route add default via 192.0.2.1 metric 100')
    const { stderr } = call('DEL')
    expect(testbed.onHost('route show default')).toBe('default via 192.0.2.1 dev eth2 metric 100 ')
    expect(stderr).toContain('eth1 is home without route default via 198.51.100.1 dev eth1')
    expect(testbed.onHost('route show table 100')).toContain('203.0.113.0/24')
  })

  it('nothing to a captured device that never left', () => {
    const capture = { cniVersion: '1.0.0', mode: 'capture' }
    call('ADD', capture)
    testbed.onHost('address delete 2001:db8::5/64 dev eth1')
    testbed.onHost('route delete default')
    testbed.onHost('link set eth1 mtu 1400')
    const before = [observeHost(testbed), testbed.onHost('link show dev eth1')]
    call('DEL', capture)
    expect([observeHost(testbed), testbed.onHost('link show dev eth1')]).toEqual(before)
  })

  it('after another plugin moved the device, with the captured state', () => {
    const before = observeHost(testbed)
    const capture = { cniVersion: '1.0.0', mode: 'capture' }
    call('ADD', capture)
    testbed.onHost(`link set eth1 netns ${testbed.pod}`)
    testbed.inPod(`link set eth1 netns ${testbed.host}`)
    call('DEL', capture)
    expect(observeHost(testbed)).toEqual(before)
  })
})
