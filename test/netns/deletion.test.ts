import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { startProcessIn } from '../support/process-in-namespace.js'
import { runSync } from '../support/run-sync.js'
import { callStockPlugin } from '../support/stock-plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('DEL: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const attachments = () => `${testbed.stateDirectory}/attachments`
  const record = () => `${attachments()}/container-1:net1.json`
  const records = () => testbed.filesIn('attachments')

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('rule add from 198.51.100.5 lookup main priority 50')
    testbed.onHost('link set eth1 alias uplink')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function add(): void {
    const { exitCode, stdout } = call('ADD')
    expect(exitCode, stdout).toBe(0)
  }

  function expectHome(options: CallOptions = {}): void {
    expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.onHost('link show dev eth1 up')).toContain('alias uplink')
    expect(records()).toEqual([])
    expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
  }

  it('of what was never added', () => expectHome())

  it.each([
    ['as it was lent', []],
    ['renamed there', ['link set net1 name other']],
    ['with another MAC address', ['link set net1 address 02:00:00:00:00:99']],
    ['with another alias', ['link set net1 alias mine']],
    [
      'renamed, with another MAC address',
      ['link set net1 name other', 'link set other address 02:00:00:00:00:99'],
    ],
    ['down', ['link set net1 down']],
    ['in a bridge there', ['link add bridge0 type bridge', 'link set net1 master bridge0']],
    ['under a macvlan there', ['link add link net1 name copy type macvlan']],
  ])('of a device that is %s', (_, changes) => {
    add()
    for (const words of changes) testbed.inPod(words)
    expectHome()
  })

  it('without CNI_NETNS', () => {
    add()
    expectHome({ variables: { CNI_NETNS: '' } })
  })

  it('where the sandbox has lost its name, but not its life', async () => {
    add()
    await using _process = await startProcessIn(testbed.pod)
    runSync('ip', ['netns', 'delete', testbed.pod])
    expectHome()
  })

  it('where somebody in the sandbox has moved the device on', () => {
    add()
    testbed.inPod(`link set net1 name stray netns ${testbed.cloud}`)
    expectHome()
  })

  it('where the sandbox is gone, and with it a virtual device', () => {
    add()
    runSync('ip', ['netns', 'delete', testbed.pod])
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(records()).toEqual([])
  })

  it('of a device that is back on the host, under the name it had in the sandbox', () => {
    add()
    testbed.inPod(`link set net1 netns ${testbed.host}`)
    expectHome()
  })

  it('of two devices that are back on the host under each other’s names', () => {
    testbed.addDevice('eth2')
    const crossed = [
      { configuration: { device: 'eth1' }, variables: { CNI_IFNAME: 'eth2' } },
      { configuration: { device: 'eth2' }, variables: { CNI_IFNAME: 'eth1' } },
    ]
    const macs = () =>
      ['eth1', 'eth2'].map(
        (name) => JSON.parse(testbed.onHost(`-json link show ${name}`))[0].address,
      )
    const before = macs()
    for (const options of crossed) expect(call('ADD', options).exitCode).toBe(0)
    for (const name of ['eth1', 'eth2']) testbed.inPod(`link set ${name} netns ${testbed.host}`)
    expect(macs()).toEqual(before.toReversed())
    for (const options of crossed)
      expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(macs()).toEqual(before)
    expect(records()).toEqual([])
  })

  it('leaves the pod working while the name is taken on the host', () => {
    add()
    testbed.onHost('link add eth1 type ifb')
    expect(call('DEL').document).toMatchObject({
      code: 103,
      msg: expect.stringContaining('the host has another device of that name'),
    })
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    testbed.onHost('link delete eth1')
    expectHome()
  })

  it('leaves a device alone that was lent to somebody else meanwhile', () => {
    // As after a call that was killed before the move.
    add()
    const left = readFileSync(record(), 'utf8')
    call('DEL')
    const other = { variables: { CNI_CONTAINERID: 'container-2' } }
    expect(call('ADD', other).exitCode).toBe(0)
    writeFileSync(record(), left)
    runSync('ip', ['netns', 'add', `${testbed.pod}-2`])
    const variables = { CNI_NETNS: `/run/netns/${testbed.pod}-2` }
    const outcome = call('DEL', { variables })
    runSync('ip', ['netns', 'delete', `${testbed.pod}-2`])
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(testbed.inPod('link')).toContain('net1@')
    expectHome(other)
  })

  it('goes on without keys that have got a wrong value since ADD, and says so', () => {
    const before = testbed.hostState()
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    const configuration = { routeMetric: 'x', timeoutSeconds: -1, dns: 5 }
    const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'DEL', { configuration })
    expect(exitCode, stdout).toBe(0)
    for (const key of Object.keys(configuration))
      expect(stderr).toContain(`DEL goes on without it: invalid configuration: "${key}" cannot be`)
    expect(testbed.hostState()).toBe(before)
    // What says which attachment it is must be right.
    const wrong = callPlugin(testbed, path, 'DEL', { configuration: { ifName: 5 } })
    expect(wrong.document).toMatchObject({ code: 7 })
  })

  describe('without a record', () => {
    // What is proven by its place on a bus does come home: test/vm/pci.test.ts.
    it('of a device that host-device lent: its alias proves nothing, so it stays, and DEL says so', () => {
      callStockPlugin(testbed, 'ADD', { type: 'host-device', device: 'eth1' })
      const { exitCode, stdout, stderr } = call('DEL')
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
      expect(stderr).toContain(`net1 in sandbox ${testbed.sandboxPath} stays there`)
      expect(testbed.inPod('link')).toContain('net1@')
    })

    it('leaves what the configuration does not mean', () => {
      callStockPlugin(testbed, 'ADD', { type: 'host-device', device: 'eth1' })
      expect(call('DEL', { configuration: { device: 'eth2' } }).exitCode).toBe(0)
      expect(call('DEL', { configuration: { mode: 'apply' } }).exitCode).toBe(0)
      expect(testbed.inPod('link')).toContain('net1@')
    })

    it.each([
      ['cut off', (text: string) => text.slice(0, 100)],
      ['not ours', () => '{"some":"thing"}'],
      ['empty', () => ''],
    ])('which is %s: it is set aside, the device stays, and DEL says both', (_, spoil) => {
      testbed.addDevice('eth2')
      const variables = { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' }
      call('ADD', { configuration: { device: 'eth2' }, variables })
      add()
      writeFileSync(record(), spoil(readFileSync(record(), 'utf8')))
      const { exitCode, stderr } = call('DEL')
      expect(exitCode).toBe(0)
      expect(stderr).toContain(`it is now ${record()}.set-aside`)
      expect(stderr).toContain('net1 in sandbox')
      expect(testbed.inPod('link')).toContain('net1@')
      expect(records().toSorted()).toEqual([
        'container-1:net1.json.set-aside',
        'container-2:net2.json',
      ])
      expect(call('DEL', { configuration: { device: 'eth2' }, variables }).exitCode).toBe(0)
      expect(testbed.onHost('link')).toContain('eth2@')
    })
  })
})
