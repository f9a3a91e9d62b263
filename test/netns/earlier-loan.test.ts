import { mkdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** A device is on the host again, and its record says what is still to be restored. */
describe.each(ARTEFACTS)('$artefact, where DEL of a first device did not end,', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)

  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('rule add from 198.51.100.5 lookup main priority 50')
    expect(call('ADD')).toMatchObject({ exitCode: 0 })
    testbed.inPod('link set net1 down')
    testbed.inPod('link set net1 name eth1')
    testbed.inPod(`link set eth1 netns ${testbed.host}`)
    expect(testbed.onHost('address show dev eth1')).not.toContain('198.51.100.5')
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function expectRestored(): void {
    expect(testbed.onHost('address show dev eth1 up')).toContain('198.51.100.5/24')
    expect(testbed.inPod('rule')).not.toContain('from 198.51.100.5')
  }

  it('ADD of another device under the same attachment finishes that before it', () => {
    const second = { configuration: { device: 'eth2' } }
    const { exitCode, stderr } = call('ADD', second)
    const back = expect.stringContaining(`eth1 is back from ${testbed.sandboxPath}`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: back })
    expectRestored()
    expect(testbed.inPod('link show dev net1')).toContain('net1@')
    expect(call('DEL', second)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.onHost('link show dev eth2 up')).toContain('eth2@')
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('ADD that applies a state under the same attachment finishes that before it, too', () => {
    testbed.onHost('address add 192.0.2.7/24 dev eth2')
    testbed.inPod('link add net1 type ifb')
    const interfaces = [{ name: 'net1', sandbox: testbed.sandboxPath }]
    const prevResult = { cniVersion: '1.1.0', interfaces }
    const second = { configuration: { device: 'eth2', mode: 'apply', prevResult } }
    expect(call('ADD', second)).toMatchObject({ exitCode: 0 })
    expectRestored()
    expect(testbed.inPod('address show dev net1')).toContain('192.0.2.7/24')
    expect(call('DEL', second)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.inPod('address show dev net1')).not.toContain('192.0.2.7/24')
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('ADD that applies a state to an interface that is not there is refused before that', () => {
    const interfaces = [{ name: 'net1', sandbox: testbed.sandboxPath }]
    const prevResult = { cniVersion: '1.1.0', interfaces }
    const second = { configuration: { device: 'eth2', mode: 'apply', prevResult } }
    const { document, stderr } = call('ADD', second)
    expect(document).toMatchObject({
      msg: expect.stringContaining('there is no such interface'),
      details: expect.stringContaining('nothing was changed'),
    })
    expect(stderr).toBe('')
    expect(testbed.onHost('address show dev eth1')).not.toContain('198.51.100.5')
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
    expect(testbed.filesIn('attachments')).toHaveLength(1)
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expectRestored()
  })

  it('ADD of another device that is refused after that says that something was changed', () => {
    testbed.inPod('link add net1 type ifb')
    const { document } = call('ADD', { configuration: { device: 'eth2' } })
    expect(document).toMatchObject({
      msg: expect.stringContaining('net1'),
      details: expect.stringMatching(/nothing else was changed/),
    })
    expectRestored()
    expect(testbed.onHost('link')).toContain('eth2@')
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('ADD of another device whose lock cannot be taken says so, too', () => {
    const { ifindex } = JSON.parse(testbed.onHost('-json link show eth2'))[0]
    mkdirSync(`${testbed.stateDirectory}/locks/device-${ifindex}`)
    const { document } = call('ADD', { configuration: { device: 'eth2' } })
    expect(document).toMatchObject({
      msg: expect.stringMatching(/^cannot lock /),
      details: expect.stringMatching(/^nothing else was changed: what is lent stays/),
    })
    expect(document.details).not.toContain('it wrote its record')
    expectRestored()
  })

  it('ADD while that device is away is refused, and the record stays', () => {
    testbed.onHost(`link set eth1 netns ${testbed.pod}`)
    const second = { configuration: { device: 'eth2' } }
    expect(call('ADD', second).document).toMatchObject({
      code: 11,
      msg: expect.stringContaining('eth1 is lent to container container-1'),
      details: expect.stringContaining('nothing was changed; DEL or GC of that attachment'),
    })
    expect(testbed.onHost('link')).toContain('eth2@')
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expectRestored()
  })
})
