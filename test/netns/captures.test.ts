import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { at } from '../support/points.js'
import { callStockPlugin } from '../support/stock-plugin.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

const STATE = [
  'address add 198.51.100.5/24 dev eth1',
  'address add 2001:db8::5/64 dev eth1 nodad',
  'route add default via 198.51.100.1 table 100',
  'route add 203.0.113.0/24 via 198.51.100.1',
  'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1 nud permanent',
]

/** System calls at which DEL is killed: what it does to the kernel, and to the state directory. */
const DEADLY = ['sendto', 'rename', 'unlink']

/**
 * A capture has what its device had before another plugin moved it. That plugin brings the device
 * home bare; only the record says what it is to have.
 */
describe.each(ARTEFACTS)('$artefact: what was captured is not lost', ({ path }) => {
  let testbed: Testbed
  let before: unknown
  const call = (command: string, device: string, containerId: string, mode?: string) => {
    const configuration = { cniVersion: '1.0.0', device, ...(mode ? { mode } : {}) }
    const variables = { CNI_CONTAINERID: containerId }
    return callPlugin(testbed, path, command, { configuration, variables })
  }
  const capture = (command: string, containerId = 'c1', device = 'eth1') =>
    expect(call(command, device, containerId, 'capture')).toMatchObject({ exitCode: 0 })
  const move = (command: string, containerId = 'c1', device = 'eth1') =>
    expect(call(command, device, containerId)).toMatchObject({ exitCode: 0 })
  const leave = () => testbed.onHost(`link set eth1 netns ${testbed.pod}`)
  const comeHome = () => testbed.inPod(`link set eth1 netns ${testbed.host}`)
  const moveThereAndBack = () => {
    leave()
    comeHome()
    expect(testbed.onHost('address show dev eth1')).not.toContain('198.51.100.5')
  }
  const expectRestored = (when: string) => {
    expect(observeHost(testbed), when).toEqual(before)
    expect(testbed.filesIn('captures'), when).toEqual([])
    expect(testbed.filesIn('outstanding'), when).toEqual([])
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    for (const words of STATE) testbed.onHost(words)
    before = observeHost(testbed)
    capture('ADD')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('by an ADD that applies the state of the device', () => {
    moveThereAndBack()
    testbed.inPod('link add net1 type ifb')
    expect(call('ADD', 'eth1', 'c2', 'apply')).toMatchObject({ exitCode: 0 })
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5')
    expectRestored('applied')
  })

  it('by a second ADD of the same capture', () => {
    moveThereAndBack()
    capture('ADD')
    moveThereAndBack()
    capture('DEL')
    expectRestored('after the second DEL')
  })

  it('by the capture of another device under the same attachment', () => {
    moveThereAndBack()
    capture('ADD', 'c1', 'eth2')
    capture('DEL', 'c1', 'eth2')
    expectRestored('after DEL of the other device')
  })

  it('by an ADD that moves the device, before DEL of the capture', () => {
    moveThereAndBack()
    move('ADD', 'c2')
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5')
    capture('DEL')
    move('DEL', 'c2')
    expectRestored('after both DELs')
  })

  it.each([
    ['DEL', () => capture('DEL')],
    ['the capture of another device', () => capture('ADD', 'c1', 'eth2')],
  ])('by %s while the device is away', (_, end) => {
    moveThereAndBack()
    // Of a configuration without restoring, ADD gives nothing back.
    const configuration = { cniVersion: '1.0.0', restoreOnDelete: false }
    const variables = { CNI_CONTAINERID: 'c2' }
    const lent = callPlugin(testbed, path, 'ADD', { configuration, variables })
    expect(lent.exitCode).toBe(0)
    end()
    move('DEL', 'c2')
    capture('DEL')
    expectRestored('after DEL of the capture, and of the loan')
  })

  it('but not given to a device that had another state when it was lent', () => {
    testbed.onHost('address delete 2001:db8::5/64 dev eth1')
    const changed = observeHost(testbed)
    move('ADD', 'c2')
    capture('DEL')
    move('DEL', 'c2')
    expect(observeHost(testbed)).toEqual(changed)
    expect(testbed.filesIn('outstanding')).toEqual([])
  })

  it('by a second ADD of the same capture that cannot make its record durable', () => {
    const configuration = { cniVersion: '1.0.0', mode: 'capture' }
    const variables = { CNI_CONTAINERID: 'c1' }
    // The first fsync is that of the file, the second that of its directory, after the rename.
    const wrapper = tampered('-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO:when=2')
    const { document } = callPlugin(testbed, path, 'ADD', { configuration, variables, wrapper })
    expect(document).toMatchObject({ code: 5, msg: expect.stringMatching(/^cannot write .*EIO/) })
    moveThereAndBack()
    capture('DEL')
    expectRestored('after DEL')
  })

  it('where DEL is killed, and the device is lent or captured next', () => {
    const configuration = { cniVersion: '1.0.0', mode: 'capture' }
    const variables = { CNI_CONTAINERID: 'c1' }
    moveThereAndBack()
    const kinds = DEADLY.join(',')
    const { calls } = traceCalls(testbed, path, 'DEL', kinds, { configuration, variables })
    const points = DEADLY.flatMap((kind) => {
      const count = calls.filter((one) => one.includes(` ${kind}(`)).length
      return Array.from({ length: count }, (_, n) => ({ kind, nth: n + 1 }))
    })
    expect(points.length).toBeGreaterThan(10)
    for (const [n, point] of points.entries()) {
      const when = `DEL killed at ${point.kind} number ${point.nth}`
      capture('ADD')
      moveThereAndBack()
      const wrapper = tampered(...at(point, 'signal=KILL'))
      callPlugin(testbed, path, 'DEL', { configuration, variables, wrapper })
      if (n % 2 === 0) {
        move('ADD')
        move('DEL')
      } else {
        capture('ADD')
        moveThereAndBack()
        capture('DEL')
      }
      expectRestored(when)
    }
  }, 120_000)
})

/** Of a device that has nothing else, a move takes the up-state and the settings. */
describe.each(ARTEFACTS)('$artefact: a device without addresses', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  const capture = (command: string) => {
    const configuration = { cniVersion: '1.0.0', mode: 'capture' }
    expect(callPlugin(testbed, path, command, { configuration })).toMatchObject({ exitCode: 0 })
  }
  const set = (name: string, value: number) =>
    testbed.run(testbed.host, `sysctl -q -w net.ipv4.conf.eth1.${name}=${value}`)
  const settings = () =>
    ['promote_secondaries', 'proxy_arp'].map(
      (name) => testbed.run(testbed.host, `sysctl -n net.ipv4.conf.eth1.${name}`).stdout,
    )
  const link = () => {
    testbed.settle()
    return testbed.onHost('link show dev eth1')
  }
  const moveThereAndBack = () => {
    const configuration = { type: 'host-device', device: 'eth1' }
    callStockPlugin(testbed, 'ADD', configuration)
    callStockPlugin(testbed, 'DEL', configuration)
  }

  it.each([0, 1])('gets its up-state and sysctls (%i) back', (value) => {
    for (const name of ['promote_secondaries', 'proxy_arp']) set(name, value)
    const before = [link(), settings(), observeHost(testbed)]
    capture('ADD')
    moveThereAndBack()
    expect(testbed.onHost('link show dev eth1')).toContain('state DOWN')
    capture('DEL')
    expect([link(), settings(), observeHost(testbed)]).toEqual(before)
    expect(testbed.filesIn('captures')).toEqual([])
  })

  it('keeps what was set since the capture if nobody moved it', () => {
    capture('ADD')
    set('proxy_arp', 1)
    capture('DEL')
    expect(settings()[1]).toBe('1')
  })

  it('stays down if it was', () => {
    testbed.onHost('link set eth1 down')
    capture('ADD')
    moveThereAndBack()
    capture('DEL')
    expect(testbed.onHost('link show dev eth1')).toContain('state DOWN')
  })
})
