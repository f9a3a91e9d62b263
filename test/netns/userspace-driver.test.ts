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
