import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { E1000, Machine, VIRTIO } from '../support/vm/machine.js'

const [NIC, OTHER] = VIRTIO
const ANOTHER_DRIVER = E1000[0]

/** When a sandbox ends the kernel hands its PCI NICs to the host, under the names they had there. */
describe('the sandbox ends while it holds a PCI NIC', () => {
  let machine: Machine
  const call = (command: string, keys: Record<string, unknown> = {}, variables = {}) => {
    const outcome = callPlugin(machine, COMPILED, command, { configuration: keys, variables })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome.document
  }
  const nothingValid = { 'cni.dev/valid-attachments': [] }
  const afterwards = () => ({
    name: machine.nameOf(NIC),
    up: machine.ip(machine.host, `-br link show dev ${machine.nameOf(NIC)} up`) !== '',
  })

  beforeEach(() => {
    machine = new Machine()
    machine.rename(NIC, 'eth1')
    machine.configure(
      'eth1',
      'route add 10.9.0.0/16 via 198.51.100.1 table 70',
      'rule add from 198.51.100.5 lookup 70 priority 40',
    )
  })
  afterEach(() => {
    batch(machine.host, 'rule flush', 'rule add lookup main priority 32766')
    machine[Symbol.dispose]()
  })

  it.each([
    ['DEL', {}],
    ['GC', nothingValid],
  ])('%s alone brings back its name', (command, keys) => {
    call('ADD')
    machine.endNamespace(machine.pod, [NIC])
    expect(machine.nameOf(NIC)).toBe('net1')
    call(command, keys)
    expect(afterwards()).toEqual({ name: 'eth1', up: true })
    expect(machine.ip(machine.host, '-json link show dev eth1')).not.toContain('ifalias')
  })

  it.each([
    ['DEL', {}],
    ['GC', nothingValid],
  ])('%s brings back its state', (command, keys) => {
    call('ADD')
    machine.endNamespace(machine.pod, [NIC])
    call(command, keys)
    expect(machine.nameOf(NIC)).toBe('eth1')
    const addresses = machine.ip(machine.host, 'address show dev eth1')
    expect(addresses).toContain('198.51.100.5/24')
    expect(addresses).toContain('2001:db8::5/64')
    expect(machine.ip(machine.host, 'route')).toContain('203.0.113.0/24 via 198.51.100.1 dev eth1')
    expect(machine.ip(machine.host, 'route show table 70')).toContain('via 198.51.100.1 dev eth1')
  })

  it('the next ADD finds it under its own name, and lends it again', () => {
    call('ADD')
    machine.endNamespace(machine.pod, [NIC])
    machine.addNamespace('hdl3-next')
    const variables = { CNI_CONTAINERID: 'container-2', CNI_NETNS: machine.pathOf('hdl3-next') }
    expect(call('ADD', {}, variables).interfaces[0].mac).toBe(NIC.mac)
    expect(machine.nameOf(NIC)).toBe(undefined)
    call('DEL', {}, variables)
    expect(machine.nameOf(NIC)).toBe('eth1')
  })

  it('DEL brings back its name where the kernel had to make one up', () => {
    call('ADD')
    machine.rename(ANOTHER_DRIVER, 'net1')
    machine.endNamespace(machine.pod, [NIC])
    expect(machine.nameOf(NIC)).toMatch(/^dev\d+$/)
    call('DEL')
    expect(afterwards().name).toBe('eth1')
    expect(machine.nameOf(ANOTHER_DRIVER)).toBe('net1')
  })

  it.each([
    ['DEL of both', ['DEL', 'DEL']],
    ['one GC', ['GC']],
  ])('two whose names cross over are themselves again: %s', (_, commands) => {
    machine.rename(OTHER, 'eth2')
    machine.addNamespace('hdl3-second')
    const second = {
      CNI_CONTAINERID: 'container-2',
      CNI_IFNAME: 'eth1',
      CNI_NETNS: machine.pathOf('hdl3-second'),
    }
    const first = { CNI_IFNAME: 'eth2' }
    call('ADD', {}, first)
    call('ADD', { device: 'eth2' }, second)
    machine.endNamespace(machine.pod, [NIC])
    machine.endNamespace('hdl3-second', [OTHER])
    expect([machine.nameOf(NIC), machine.nameOf(OTHER)]).toEqual(['eth2', 'eth1'])
    if (commands[0] === 'GC') call('GC', nothingValid)
    else {
      // The runtime tries again what fails for want of the name.
      callPlugin(machine, COMPILED, 'DEL', { variables: first })
      call('DEL', { device: 'eth2' }, second)
      call('DEL', {}, first)
    }
    expect([machine.nameOf(NIC), machine.nameOf(OTHER)]).toEqual(['eth1', 'eth2'])
  })
})
