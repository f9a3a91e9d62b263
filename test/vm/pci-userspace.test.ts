import { readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { E1000, Machine } from '../support/vm/machine.js'
import { BoundToUserspace } from '../support/vm/userspace-driver.js'

const NIC = E1000[2]

let machine: Machine
beforeAll(() => {
  machine = new Machine()
})
afterAll(() => machine[Symbol.dispose]())

describe.each(['uio_pci_generic', 'vfio-pci'])('a PCI NIC bound to %s', (driver) => {
  it.each([
    ['its PCI address', { pciBusID: NIC.pci }],
    ['a device id', { runtimeConfig: { deviceID: NIC.pci } }],
  ])('by %s is only reported', (_, choice) => {
    using _bound = new BoundToUserspace(NIC, driver)
    const call = (command: string, keys: object = {}) =>
      callPlugin(machine, COMPILED, command, {
        configuration: { device: undefined, ...choice, ...keys },
      })
    expect(readlinkSync(`/sys/bus/pci/devices/${NIC.pci}/driver`)).toMatch(`/${driver}`)
    const { document } = call('ADD')
    expect(document).toEqual({
      cniVersion: '1.1.0',
      interfaces: [{ name: 'net1', pciID: NIC.pci, sandbox: machine.sandboxPath }],
    })
    for (const command of ['CHECK', 'DEL'])
      expect(call(command, { prevResult: document })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(readlinkSync(`/sys/bus/pci/devices/${NIC.pci}/driver`)).toMatch(`/${driver}`)
  })
})
