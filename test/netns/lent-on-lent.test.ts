import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** The kernel removes a vxlan, wherever it is, when the device beneath it moves. */
describe.each(ARTEFACTS)('$artefact: the device beneath a lent vxlan', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, device: 'eth1' | 'vx1', more: Record<string, unknown> = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { device, ...more },
      variables: {
        CNI_IFNAME: device === 'vx1' ? 'net2' : 'net1',
        CNI_CONTAINERID: `has-${device}`,
      },
    })
  const explain = (more: Record<string, unknown> = {}) => {
    const { stateDirectory: stateDir } = testbed
    const file = join(stateDir, 'network.conf')
    const network = { cniVersion: '1.1.0', name: 'lent', type: 'host-device-l3', device: 'eth1' }
    writeFileSync(file, JSON.stringify({ ...network, stateDir, ...more }))
    const { exitCode, stdout } = runCommandLine(testbed, path, ['explain', '--config', file])
    rmSync(file)
    return { exitCode, said: stdout.replaceAll(/\s+/g, ' ') }
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('link add vx1 type vxlan id 7 dstport 4789 dev eth1')
    expect(call('ADD', 'vx1').exitCode).toBe(0)
  })
  afterEach(() => testbed[Symbol.dispose]())

  const LOAN = /vx1 is lent to container has-vx1 since .*, as net2 in sandbox \S+/

  it('is refused, and nothing changes', () => {
    const before = [
      testbed.hostState(),
      testbed.inPod('-brief link'),
      testbed.filesIn('attachments'),
    ]
    const { exitCode, document } = call('ADD', 'eth1')
    expect(exitCode).toBe(1)
    expect(document.code).toBe(104)
    expect(document.msg).toMatch(
      new RegExp(`^cannot lend eth1: ${LOAN.source}, and depends on it$`),
    )
    expect(document.details).toContain('nothing was changed; with "force": true')
    expect(document.details).not.toContain('record')
    const explained = explain()
    expect(explained.exitCode).toBe(1)
    expect(explained.said).toMatch(
      new RegExp(`ADD would refuse: .*cannot lend eth1: ${LOAN.source}, and depends on it`),
    )
    const after = [
      testbed.hostState(),
      testbed.inPod('-brief link'),
      testbed.filesIn('attachments'),
    ]
    expect(after).toEqual(before)
  })

  it('is lent with force, and a warning says what is lost', () => {
    const warning = new RegExp(`${LOAN.source}, and the kernel removes it with eth1`)
    const explained = explain({ force: true })
    expect(explained.exitCode).toBe(0)
    expect(explained.said).toMatch(warning)
    const { exitCode, stderr } = call('ADD', 'eth1', { force: true })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(warning)
    expect(testbed.inPod('-brief link')).toMatch(/net1/)
    expect(testbed.inPod('-brief link')).not.toMatch(/net2/)
    // The vxlan is no more: its record keeps nobody from the device.
    expect(call('DEL', 'eth1').exitCode).toBe(0)
    expect(call('ADD', 'eth1').exitCode).toBe(0)
    for (const device of ['eth1', 'vx1'] as const) expect(call('DEL', device).exitCode).toBe(0)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('is lent once the vxlan is home, but for what is there', () => {
    expect(call('DEL', 'vx1').exitCode).toBe(0)
    expect(call('ADD', 'eth1').document.msg).toBe('cannot lend eth1: vx1 on the host depends on it')
    testbed.onHost('link delete vx1')
    expect(call('ADD', 'eth1').exitCode).toBe(0)
  })
})
