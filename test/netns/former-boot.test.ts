import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { startProcessIn } from '../support/process-in-namespace.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const OTHER_BOOT = '00000000-0000-4000-8000-000000000000'

/** The state directory is on disk, the rest is not: a record outlives all that it speaks of. */
describe.each(ARTEFACTS)('a record of before the node was started again: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const attachments = () => `${testbed.stateDirectory}/attachments`
  const record = () => `${attachments()}/container-1:net1.json`
  const links = () => {
    testbed.settle()
    return testbed.onHost('link')
  }
  const indexOf = (device: string) =>
    JSON.parse(testbed.onHost(`-json link show ${device}`))[0].ifindex as number

  /** Lends eth1, starts the node again, and notes another index if that is another device's now. */
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    expect(call('ADD').exitCode).toBe(0)
    testbed.inPod(`link set net1 name eth1 netns ${testbed.host} alias `)
    testbed.onHost('link set eth1 up')
    rewrite((text) => text.replace(/"bootId":"[^"]+"/, `"bootId":"${OTHER_BOOT}"`))
    expect(readFileSync(record(), 'utf8')).toContain(OTHER_BOOT)
  })
  afterEach(() => testbed[Symbol.dispose]())

  function rewrite(change: (text: string) => string): void {
    writeFileSync(record(), change(readFileSync(record(), 'utf8')))
  }

  it.each([
    ['DEL', {}],
    ['GC', { 'cni.dev/valid-attachments': [] }],
  ])('%s forgets it, and touches no device that has the index now', (command, keys) => {
    testbed.addDevice('eth2')
    // As host-device would have named a device that it lent.
    testbed.onHost('link set eth2 alias eth1')
    testbed.onHost('link delete eth1')
    rewrite((text) => text.replace(/"index":\d+/, `"index":${indexOf('eth2')}`))
    const before = links()
    const configuration = { restoreOnDelete: true, ...keys }
    expect(call(command, { configuration })).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(links()).toBe(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('GC with it does not take the device from another plugin that lent it', () => {
    testbed.onHost(`link set eth1 netns ${testbed.pod} name other alias eth1`)
    const configuration = { 'cni.dev/valid-attachments': [] }
    expect(call('GC', { configuration })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.inPod('link')).toContain('other@')
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('ADD of the same container, and of another, does not mind it', () => {
    testbed.onHost('link set eth1 name ens5')
    testbed.onHost('address add 198.51.100.5/24 dev ens5')
    const configuration = { device: 'ens5' }
    const variables = { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' }
    for (const options of [{ configuration }, { configuration, variables }]) {
      expect(call('ADD', options)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(call('DEL', options)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(testbed.onHost('link show dev ens5 up')).toContain('ens5')
    }
  })

  it('ADD and STATUS say that there is no such device, not that it is lent', () => {
    testbed.onHost('link set eth1 name ens5')
    expect(call('ADD').document).toMatchObject({ code: 100 })
    expect(call('STATUS').document).toMatchObject({ code: 50 })
  })

  it('it does not hide that the device was lent again', async () => {
    const variables = { CNI_CONTAINERID: 'container-2' }
    expect(call('ADD', { variables }).exitCode).toBe(0)
    await using _process = await startProcessIn(testbed.pod)
    runSync('ip', ['netns', 'delete', testbed.pod])
    expect(call('DEL', { variables }).exitCode).toBe(0)
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
  })

  it('one that does not say when is of now', () => {
    testbed.onHost(`link set eth1 netns ${testbed.pod} name net1 alias eth1`)
    rewrite((text) => text.replace(/"bootId":"[^"]+",/, ''))
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(links()).toContain('eth1@')
  })

  it('nor is another device taken that has the index of one that went with its sandbox', () => {
    call('DEL')
    expect(call('ADD').exitCode).toBe(0)
    const { index } = JSON.parse(readFileSync(record(), 'utf8')).device.onHost
    runSync('ip', ['netns', 'delete', testbed.pod])
    testbed.onHost(`link add name other index ${index} type ifb`)
    const before = links()
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(links()).toBe(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })
})
