import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** An operator has corrected something in a record, and a program has formatted it meanwhile. */
describe.each(ARTEFACTS)('$artefact: a record with white space counts', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, containerId: string, configuration: Record<string, unknown>) =>
    callPlugin(testbed, path, command, {
      configuration,
      variables: { CNI_CONTAINERID: containerId, CNI_IFNAME: containerId },
    })
  const add = (containerId: string, configuration: Record<string, unknown>) =>
    expect(call('ADD', containerId, configuration)).toMatchObject({ exitCode: 0 })

  function formatAll(directory: string): void {
    for (const name of testbed.filesIn(directory)) {
      const file = `${testbed.stateDirectory}/${directory}/${name}`
      const record = JSON.parse(readFileSync(file, 'utf8'))
      writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`)
    }
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('for a device that is back under the name that it had in its sandbox', () => {
    const before = testbed.hostState()
    const [{ address: hwaddr }] = JSON.parse(testbed.onHost('-json link show eth1'))
    add('first', { device: 'eth1' })
    formatAll('attachments')
    testbed.inPod(`link set first netns ${testbed.host}`)
    add('second', { device: undefined, hwaddr })
    expect(testbed.inPod('address show dev second')).toContain('198.51.100.5/24')
    const ended = call('DEL', 'second', { device: undefined, hwaddr })
    expect(ended).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.hostState()).toBe(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('for a vxlan that the kernel would remove with the device beneath it', () => {
    testbed.onHost('link add vx1 type vxlan id 7 dstport 4789 dev eth1')
    add('first', { device: 'vx1' })
    formatAll('attachments')
    expect(call('ADD', 'second', { device: 'eth1' }).document).toMatchObject({
      code: 104,
      msg: expect.stringMatching(/^cannot lend eth1: vx1 is lent to container first/),
    })
  })

  it('for a device of which a capture is to be given back', () => {
    add('first', { mode: 'capture' })
    formatAll('captures')
    testbed.onHost(`link set eth1 netns ${testbed.pod}`)
    testbed.inPod(`link set eth1 netns ${testbed.host}`)
    expect(testbed.onHost('address show dev eth1')).not.toContain('198.51.100.5')
    add('second', { device: 'eth1' })
    expect(testbed.inPod('address show dev second')).toContain('198.51.100.5/24')
  })
})
