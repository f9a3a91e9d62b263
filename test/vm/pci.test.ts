import { rmSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
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
    const call = (command: string, keys: object) =>
      callPlugin(machine, COMPILED, command, { configuration: { device: undefined, ...keys } })

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
  })
})
