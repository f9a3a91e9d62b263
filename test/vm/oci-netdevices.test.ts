import { execaSync } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin, type Outcome } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/**
 * What the OCI runtime specification demands of `linux.netDevices`, and what runc's
 * netdev.bats tries of it, as far as it concerns the device: here the plugin does it.
 */
describe('as OCI netDevices', () => {
  let testbed: Testbed
  let container = 0
  const call = (command: string, name = 'net1', keys: object = {}): Outcome =>
    callPlugin(testbed, COMPILED, command, {
      configuration: { device: 'dummy0', ...keys },
      variables: { CNI_IFNAME: name, CNI_CONTAINERID: `container-${container}` },
    })
  const add = (name = 'net1', keys: object = {}) => {
    const outcome = call('ADD', name, keys)
    expect(outcome.exitCode, outcome.stdout).toBe(0)
  }
  const make = (...lines: string[]) =>
    batch(testbed.host, 'link add dummy0 type dummy', ...lines.map((line) => `${line} dev dummy0`))
  const inPod = (name = 'net1') => {
    const [link] = JSON.parse(testbed.inPod(`-json address show dev ${name}`))
    const addresses = link.addr_info as { local: string; prefixlen: number; scope: string }[]
    return {
      mtu: link.mtu,
      mac: link.address,
      up: link.flags.includes('UP'),
      addresses: addresses
        .filter(({ scope }) => scope !== 'link')
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    }
  }

  beforeAll(() => {
    testbed = new Testbed()
  })
  afterEach(() => {
    container++
    for (const place of [testbed.host, testbed.pod]) {
      const { stdout } = testbed.run(place, 'ip -brief link show type dummy')
      const names = stdout.split('\n').flatMap((line) => line.split(' ')[0] || [])
      batch(place, ...names.map((name) => `link delete ${name}`))
    }
  })
  afterAll(() => testbed[Symbol.dispose]())

  it('a device without a name of its own keeps its name, and is set up', () => {
    make()
    add('dummy0')
    expect(inPod('dummy0').up).toBe(true)
  })

  it('an address of global scope is there, though the device was down', () => {
    make('address add 169.254.169.77/32')
    add('dummy0')
    expect(inPod('dummy0').addresses).toEqual(['169.254.169.77/32'])
  })

  it('an address of host scope is not there', () => {
    make('address add 127.0.0.33 scope host')
    add('dummy0')
    expect(inPod('dummy0').addresses).toEqual([])
  })

  it('MTU and MAC address are kept', () => {
    make('link set mtu 1789', 'link set address 00:11:22:33:44:55')
    add('dummy0')
    expect(inPod('dummy0')).toMatchObject({ mtu: 1789, mac: '00:11:22:33:44:55' })
  })

  it('under another name, MTU, MAC address and address are kept', () => {
    make('link set mtu 1789', 'link set address 00:11:22:33:44:55', 'address add 169.254.169.77/32')
    add('ctr_dummy0')
    expect(inPod('ctr_dummy0')).toEqual({
      mtu: 1789,
      mac: '00:11:22:33:44:55',
      up: true,
      addresses: ['169.254.169.77/32'],
    })
  })

  it('permanent global addresses of either family are kept, also of a device that is up', () => {
    make('link set up', 'address add 192.0.2.5/24', 'address add 2001:db8:2::5/64 nodad')
    add()
    expect(inPod().addresses).toEqual(['192.0.2.5/24', '2001:db8:2::5/64'])
  })

  it('addresses that are not permanent are not', () => {
    make('link set up', 'address add 192.0.2.5/24 valid_lft 300 preferred_lft 300')
    add()
    expect(inPod().addresses).toEqual([])
  })

  it('a name that is taken is an error, and nothing is changed', () => {
    make('address add 192.0.2.5/24')
    batch(testbed.pod, 'link add net1 type dummy')
    const before = testbed.hostState()
    expect(call('ADD').document.msg).toContain('the name net1 is taken there (file exists)')
    expect(testbed.hostState()).toBe(before)
  })

  it.each(['.', '..', 'dev/null', 'valid:name', 'valid name', 'a-name-too-long-1'])(
    'the name %j is an error, and nothing is changed',
    (name) => {
      make('address add 192.0.2.5/24')
      const before = testbed.hostState()
      const { exitCode, document } = call('ADD', name)
      expect(exitCode).toBe(1)
      expect(document.code).toBe(4)
      expect(testbed.hostState()).toBe(before)
    },
  )

  it('two devices in one container', () => {
    make('address add 192.0.2.5/24')
    batch(testbed.host, 'link add dummy1 type dummy', 'address add 198.18.0.5/24 dev dummy1')
    add('net1')
    add('net2', { device: 'dummy1' })
    expect([inPod('net1').addresses, inPod('net2').addresses]).toEqual([
      ['192.0.2.5/24'],
      ['198.18.0.5/24'],
    ])
  })

  it('after the container it is brought home, and can be lent again', () => {
    make('address add 192.0.2.5/24')
    add()
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.onHost('-br link')).toContain('dummy0')
    add()
    expect(inPod().up).toBe(true)
  })

  it('a virtual device ends with its namespace, and DEL succeeds', () => {
    make()
    add()
    execaSync('ip', ['netns', 'delete', testbed.pod])
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.onHost('-br link')).not.toContain('dummy0')
    execaSync('ip', ['netns', 'add', testbed.pod])
  })

  it('a name with %d is an error in CNI, whose runtime chooses the name; the device stays home', () => {
    make('address add 192.0.2.5/24')
    const before = testbed.hostState()
    expect(call('ADD', 'net%d').exitCode).toBe(1)
    expect(testbed.hostState()).toBe(before)
  })
})
