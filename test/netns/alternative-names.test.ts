import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** Names a pod may give the device that it was lent. */
const HOSTILE = ['eth2', 'eth1', 'storage', '\x1b[2J', 'x'.repeat(127)]

describe.each(ARTEFACTS)('alternative names: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string) => callPlugin(testbed, path, command)
  const nameInPod = (how: 'add' | 'del', device: string, ...names: string[]) => {
    for (const name of names)
      runSync('ip', ['-n', testbed.pod, 'link', 'property', how, 'dev', device, 'altname', name])
  }
  const namesAtHome = (): string[] =>
    JSON.parse(testbed.onHost('-json link show eth1'))[0].altnames ?? []

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    for (const name of ['enp3s0', 'enx1'])
      testbed.onHost(`link property add dev eth1 altname ${name}`)
    testbed.addDevice('eth2')
    testbed.onHost('link property add dev eth2 altname storage')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('go along and come home', () => {
    expect(call('ADD').exitCode).toBe(0)
    expect(testbed.inPod('link show net1')).toContain('altname enp3s0')
    expect(call('DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(namesAtHome()).toEqual(['enp3s0', 'enx1'])
  })

  it.each([...HOSTILE.map((name) => [name]), HOSTILE])(
    'that the pod added do not: %j',
    (...names) => {
      call('ADD')
      nameInPod('add', 'net1', ...names)
      expect(call('DEL')).toMatchObject({ exitCode: 0, stderr: '' })
      expect(namesAtHome()).toEqual(['enp3s0', 'enx1'])
      expect(testbed.filesIn('attachments')).toEqual([])
    },
  )

  it('that the pod removed are back at home', () => {
    call('ADD')
    nameInPod('del', 'net1', 'enp3s0')
    expect(call('DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(namesAtHome().toSorted()).toEqual(['enp3s0', 'enx1'])
  })

  it('that the host has given away do not keep the device from coming home', () => {
    call('ADD')
    testbed.onHost('link property add dev eth2 altname enx1')
    const { exitCode, stderr } = call('DEL')
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^host-device-l3: eth1 is home without its name enx1: File exists/)
    expect(namesAtHome()).toEqual(['enp3s0'])
  })

  it('are as before when an ADD is rolled back', () => {
    const configuration = { ipam: { type: 'static', addresses: [{ address: '::1.2.3.4/200' }] } }
    const variables = { CNI_PATH: '/usr/lib/cni' }
    expect(callPlugin(testbed, path, 'ADD', { configuration, variables }).exitCode).toBe(1)
    expect(namesAtHome()).toEqual(['enp3s0', 'enx1'])
  })

  it('of the pod on a device that came home by itself are gone', () => {
    call('ADD')
    nameInPod('add', 'net1', 'chosen')
    testbed.inPod(`link set net1 netns ${testbed.host}`)
    expect(testbed.onHost('link show net1')).toContain('altname chosen')
    expect(call('DEL').exitCode).toBe(0)
    expect(namesAtHome()).toEqual(['enp3s0', 'enx1'])
  })

  it('of very many are no way to stay', () => {
    call('ADD')
    const lines = Array.from({ length: 3000 }, (_, n) => {
      const name = `${n}`.padStart(120, 'x')
      return `link property add dev net1 altname ${name}`
    })
    runSync('ip', ['-n', testbed.pod, '-batch', '-'], { input: lines.join('\n'), reject: false })
    const { exitCode, document } = call('DEL')
    expect({ exitCode, document }).toEqual({ exitCode: 0, document: undefined })
    expect(namesAtHome()).toEqual(['enp3s0', 'enx1'])
  })
})
