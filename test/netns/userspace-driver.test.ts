import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { USERSPACE_PCI, withOwnBuses } from '../support/own-buses.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ADDRESS = { type: 'static', addresses: [{ address: '10.10.0.1/24' }] }

describe.each(ARTEFACTS)('a device of a userspace driver: $artefact', ({ path }) => {
  let testbed: Testbed
  let before: string
  const call = (command: string, keys: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: {
        ...{ cniVersion: '1.0.0', device: undefined, pciBusID: USERSPACE_PCI },
        ...keys,
      },
      variables: { CNI_PATH: '/usr/lib/cni' },
      ...withOwnBuses,
    })

  beforeEach(() => {
    testbed = new Testbed()
    before = testbed.hostState()
  })
  afterEach(() => {
    expect(testbed.hostState()).toBe(before)
    testbed[Symbol.dispose]()
  })

  it.each([
    ['its PCI address', {}],
    ['a device id', { pciBusID: undefined, runtimeConfig: { deviceID: USERSPACE_PCI } }],
  ])('by %s is only reported, with the addresses that IPAM assigns', (_, choice) => {
    const { document } = call('ADD', { ...choice, ipam: ADDRESS })
    expect(document).toEqual({
      cniVersion: '1.0.0',
      interfaces: [{ name: 'net1', sandbox: testbed.sandboxPath }],
      ips: [{ address: '10.10.0.1/24', interface: 0 }],
    })
    expect(testbed.inPod('link')).not.toContain('net1')
    for (const command of ['CHECK', 'DEL']) {
      const outcome = call(command, { ...choice, ipam: ADDRESS, prevResult: document })
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
    }
  })

  it('is reported with its PCI address since CNI 1.1, also in the file that Multus wants', () => {
    const file = `${testbed.stateDirectory}/devinfo/cni/file`
    const runtimeConfig = { CNIDeviceInfoFile: file }
    const bare = { cniVersion: '1.1.0', useInterfaceNetwork: false, runtimeConfig }
    const { exitCode, document, stderr } = call('ADD', bare)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(document.interfaces).toEqual([
      { name: 'net1', sandbox: testbed.sandboxPath, pciID: USERSPACE_PCI },
    ])
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      type: 'pci',
      version: '1.1.0',
      pci: { 'pci-address': USERSPACE_PCI },
    })
    writeFileSync(file, 'what a device plugin said')
    expect(call('ADD', bare)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(readFileSync(file, 'utf8')).toBe('what a device plugin said')
  })

  it('is reported all the same where that file cannot be written', () => {
    const runtimeConfig = { CNIDeviceInfoFile: '/proc/devinfo/cni/file' }
    const bare = { cniVersion: '1.1.0', useInterfaceNetwork: false, runtimeConfig }
    const { exitCode, stderr } = call('ADD', bare)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('cannot write the device information to /proc/devinfo/cni/file: ')
  })

  it('needs no IPAM', () => {
    expect(call('ADD', { useInterfaceNetwork: false }).document).toEqual({
      cniVersion: '1.0.0',
      interfaces: [{ name: 'net1', sandbox: testbed.sandboxPath }],
    })
  })

  it('has no host state that could be asked for', () => {
    expect(call('ADD', { useInterfaceNetwork: true }).document).toMatchObject({
      code: 7,
      msg: 'useInterfaceNetwork is not supported for dpdk-bound devices',
    })
  })
})
