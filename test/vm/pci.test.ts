import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { E1000, Machine, VIRTIO } from '../support/vm/machine.js'

const CASES = [VIRTIO, E1000].map(([lent, other]) => ({ driver: lent.driver, lent, other }))

describe.each(CASES)('a PCI NIC of the driver $driver', ({ lent, other }) => {
  let machine: Machine

  beforeAll(() => {
    machine = new Machine()
    machine.rename(lent, 'eth1')
    machine.answer(other, '198.51.100.1/24', '203.0.113.1/32', '2001:db8::1/64 nodad')
  })
  afterAll(() => machine[Symbol.dispose]())

  beforeEach(() => machine.configure('eth1'))

  const linkOf = (name: string) =>
    JSON.parse(machine.ip(machine.host, `-json link show dev ${name}`))[0]

  it.each([
    ['its name', 'compiled', () => ({ device: 'eth1' })],
    ['its PCI address', 'compiled', () => ({ pciBusID: lent.pci })],
    ['a device id', 'JavaScript', () => ({ runtimeConfig: { deviceID: lent.pci } })],
    ['its path in sysfs', 'compiled', () => ({ kernelpath: machine.directoryOf(lent) })],
    ['its MAC address', 'compiled', () => ({ hwaddr: lent.mac })],
  ])('is lent by %s, and returned (%s)', (_, artefact, choice) => {
    const path = artefact === 'compiled' ? COMPILED : JAVASCRIPT
    const call = (command: string, keys: object = {}) =>
      callPlugin(machine, path, command, {
        configuration: { device: undefined, ...choice(), ...keys },
      })
    const { exitCode, stdout, document } = call('ADD')
    expect(exitCode, stdout).toBe(0)
    const pciID = lent.pci
    expect(document.interfaces[0]).toMatchObject({ name: 'net1', mac: lent.mac, pciID })
    expect(machine.nameOf(lent)).toBe(undefined)
    for (const address of ['198.51.100.1', '203.0.113.1', '2001:db8::1'])
      expect(machine.reaches(machine.pod, address), address).toBe(true)
    expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(machine.nameOf(lent)).toBe('eth1')
    expect(machine.ip(machine.host, '-br link show dev eth1 up')).toContain(lent.mac)
  })

  describe('whose record is lost', () => {
    const call = (command: string, keys: object, options: CallOptions = {}) =>
      callPlugin(machine, COMPILED, command, {
        ...options,
        configuration: { device: undefined, ...keys },
      })

    it.each([
      ['its PCI address', () => ({ pciBusID: lent.pci })],
      ['its path in sysfs', () => ({ kernelpath: machine.directoryOf(lent) })],
      ['its MAC address', () => ({ hwaddr: lent.mac })],
    ])('comes home where the configuration selects it by %s', (_, choice) => {
      expect(call('ADD', choice()).exitCode).toBe(0)
      rmSync(`${machine.stateDirectory}/attachments`, { recursive: true })
      machine.ip(machine.pod, 'link set net1 address 02:00:00:00:00:99')
      expect(call('DEL', choice())).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(machine.nameOf(lent)).toBe('eth1')
      machine.ip(machine.host, `link set eth1 address ${lent.mac}`)
    })

    it('stays in its pod where only a name selects it', () => {
      expect(call('ADD', { device: 'eth1' }).exitCode).toBe(0)
      rmSync(`${machine.stateDirectory}/attachments`, { recursive: true })
      const { exitCode, stderr } = call('DEL', { device: 'eth1' })
      expect(exitCode).toBe(0)
      expect(stderr).toContain('stays there')
      expect(machine.nameOf(lent)).toBe(undefined)
      machine.ip(machine.pod, `link set net1 netns ${machine.host} name eth1`)
    })

    it('gets its name back where the kernel has handed it back, and keeps its other names', () => {
      expect(call('ADD', { pciBusID: lent.pci }).exitCode).toBe(0)
      rmSync(`${machine.stateDirectory}/attachments`, { recursive: true })
      machine.ip(machine.pod, 'link property add dev net1 altname another')
      machine.endNamespace(machine.pod, [lent])
      machine.addNamespace(machine.pod)
      expect(machine.nameOf(lent)).toBe('net1')
      const sandboxEnded = { variables: { CNI_NETNS: '' } }
      expect(call('DEL', { pciBusID: lent.pci }, sandboxEnded)).toMatchObject({ exitCode: 0 })
      expect(machine.nameOf(lent)).toBe('eth1')
      expect(linkOf('eth1')).toMatchObject({ altnames: ['another'] })
      machine.ip(machine.host, 'link property del dev eth1 altname another')
    })
  })

  describe('that is home, with an alias of its own', () => {
    const keys = { ...{ device: undefined, ifName: 'eth1' }, pciBusID: lent.pci }
    const call = (command: string, variables = {}) =>
      callPlugin(machine, COMPILED, command, { configuration: keys, variables })
    const look = () => ({ ...linkOf(machine.nameOf(lent) ?? ''), operstate: '', flags: [] })
    const change = (line: string) => machine.ip(machine.host, `link ${line}`)

    beforeEach(() => {
      change('set eth1 alias uplink')
      change('property add dev eth1 altname another')
    })
    afterEach(() => {
      const name = machine.nameOf(lent)
      batch(machine.host, `link set ${name} down`, `link set ${name} alias "" name eth1`)
      batch(machine.host, 'link property del dev eth1 altname another')
    })

    it.each([
      ['', {}],
      ['whose sandbox has ended', { CNI_NETNS: '' }],
    ])('stays as it is when DEL is called again %s', (_, variables) => {
      const before = look()
      expect(before).toMatchObject({ ifname: 'eth1', ifalias: 'uplink', altnames: ['another'] })
      for (const command of ['ADD', 'DEL'])
        expect(call(command)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(call('DEL', variables)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(look()).toEqual(before)
    })

    it.each([
      ['whose ADD was refused', [], {}],
      ['where it has addresses', ['address add 198.51.100.5/24 dev eth1'], { CNI_NETNS: '' }],
      ['where that is no name', ['link set eth1 alias "to switch 3"'], { CNI_NETNS: '' }],
      ['where another has that name', ['link set eth1 alias lo'], { CNI_NETNS: '' }],
    ])('stays as it is after a DEL %s, while it is down', (_, lines, variables) => {
      batch(machine.host, 'link set eth1 down', 'address flush dev eth1', ...lines)
      const before = look()
      expect(call('DEL', variables)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(look()).toEqual(before)
    })

    it('stays as it is where the configuration says that this is its name', () => {
      batch(machine.host, 'link set eth1 down', 'address flush dev eth1')
      const before = look()
      const configuration = { ...keys, device: 'eth1' }
      const variables = { CNI_NETNS: '' }
      const outcome = callPlugin(machine, COMPILED, 'DEL', { configuration, variables })
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(look()).toEqual(before)
    })
  })
})
