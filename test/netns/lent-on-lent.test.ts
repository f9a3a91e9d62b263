import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const NAMES = { eth1: 'net1', mv1: 'net2' }
type Device = keyof typeof NAMES

/** Both orders of ADD, and both of DEL. With `force` the lower device can go first. */
const ORDERS: [Device, Device][] = [
  ['mv1', 'eth1'],
  ['eth1', 'mv1'],
]
const CASES = ORDERS.flatMap((adds) => ORDERS.map((ends) => [adds, ends] as const))

/** A macvlan of the host, and the device beneath it. */
describe.each(ARTEFACTS)('$artefact: a device on another one, both lent', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, device: Device, more: Record<string, unknown> = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { device, force: true, restoreOnDelete: true, ...more },
      variables: { CNI_IFNAME: NAMES[device], CNI_CONTAINERID: `has-${device}` },
    })
  const succeed = (command: string, device: Device, more: Record<string, unknown> = {}) => {
    const { exitCode, stdout, stderr } = call(command, device, more)
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' })
  }
  const macOf = (device: Device) =>
    JSON.parse(testbed.onHost(`-json link show ${device}`))[0].address

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('link add mv1 link eth1 type macvlan mode bridge')
    testbed.onHost('address add 198.51.100.6/24 dev mv1')
    testbed.onHost('link set mv1 up')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(CASES)('ADD of %j, DEL of %j: all of it comes home', (adds, ends) => {
    const [eth1, mv1] = [macOf('eth1'), macOf('mv1')]
    for (const device of adds) expect(call('ADD', device).exitCode).toBe(0)
    testbed.inPod('link add spy link net1 type macvlan mode bridge')
    // By that name it is nobody that the record knows.
    testbed.inPod('link set net2 down')
    testbed.inPod('link set net2 name else')
    for (const device of ends) succeed('DEL', device)
    expect(testbed.inPod('-brief link')).not.toContain('spy')
    expect([macOf('eth1'), macOf('mv1')]).toEqual([eth1, mv1])
    for (const address of ['198.51.100.5', '198.51.100.6'])
      expect(testbed.onHost('address')).toContain(address)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('the upper one works on in its pod, once the lower one is home', () => {
    for (const device of ORDERS[0] ?? []) succeed('ADD', device)
    succeed('DEL', 'eth1')
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
  })

  it('GC, and return by hand', () => {
    for (const end of [
      () => succeed('GC', 'eth1', { 'cni.dev/valid-attachments': [] }),
      () => {
        for (const device of ['eth1', 'mv1'])
          expect(
            runCommandLine(testbed, path, ['return', device, '--state-dir', testbed.stateDirectory])
              .exitCode,
          ).toBe(0)
      },
    ]) {
      for (const device of ORDERS[0] ?? []) succeed('ADD', device)
      end()
      expect(testbed.onHost('-brief link')).toMatch(/mv1@eth1 .*UP/)
      expect(testbed.filesIn('attachments')).toEqual([])
    }
  })
})
