import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const ADDRESS = '10.77.0.1/16'

/**
 * A capture may end while another plugin still has its device. What was captured waits for the device, as
 * long as that is in any network namespace.
 */
describe.each(ARTEFACTS)('$artefact: what was captured of a device that is away', ({ path }) => {
  let testbed: Testbed
  let third: string
  const call = (command: string, containerId: string, configuration: object = {}) => {
    const outcome = callPlugin(testbed, path, command, {
      configuration: { device: 'd0', ...configuration },
      variables: { CNI_CONTAINERID: containerId },
    })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome.stderr
  }
  const capture = (command: string, containerId = 'c1') =>
    call(command, containerId, { mode: 'capture' })
  const add = (kind: string) => {
    const peer = kind === 'veth' ? ` peer name d0 netns ${testbed.cloud}` : ''
    testbed.onHost(`link add d0 type ${kind}${peer}`)
    if (peer) testbed.inCloud('link set d0 up')
    testbed.onHost('link set d0 up')
  }
  const configure = () => {
    testbed.onHost(`address add ${ADDRESS} dev d0`)
    testbed.onHost('route add 172.16.0.0/12 via 10.77.0.9')
  }
  const moveTo = (namespace: string, from = testbed.host, change = '') =>
    runSync('ip', `-n ${from} link set d0 netns ${namespace}${change}`.split(' '))
  const records = () => ['captures', 'outstanding'].map((name) => testbed.filesIn(name).length)

  beforeEach(() => {
    testbed = new Testbed()
    third = `${testbed.pod}-3`
    runSync('ip', ['netns', 'add', third])
  })
  afterEach(() => {
    testbed[Symbol.dispose]()
    runSync('ip', ['netns', 'delete', third], { reject: false })
  })

  const PLACES = [
    ['in its sandbox', () => testbed.pod, 'd0'],
    ['in its sandbox under another name', () => testbed.pod, 'net0'],
    ['in a third namespace', () => third, 'd0'],
    ['in a third namespace under another name', () => third, 'net0'],
  ] as const
  describe.each(['ifb', 'veth'])('%s', (kind) => {
    beforeEach(() => {
      add(kind)
      configure()
    })

    it.each(PLACES)('%s, comes home with the next DEL', (_, place, name) => {
      const before = observeHost(testbed, 'd0')
      capture('ADD')
      moveTo(place(), testbed.host, name === 'd0' ? '' : ` name ${name}`)
      expect(capture('DEL')).toBe('')
      expect(records()).toEqual([0, 1])
      // Others come and go meanwhile.
      call('DEL', 'c3')
      runSync('ip', ['-n', place(), 'link', 'set', name, 'netns', testbed.host])
      expect(call('DEL', 'c2')).toBe('')
      expect(observeHost(testbed, 'd0')).toEqual(before)
      expect(records()).toEqual([0, 0])
    })
  })

  it.each([
    ['ADD', () => call('ADD', 'c2'), () => call('DEL', 'c2')],
    ['a capture', () => capture('ADD', 'c2'), () => capture('DEL', 'c2')],
    ['GC', () => call('GC', '', { 'cni.dev/valid-attachments': [] }), () => {}],
  ])('is given back by %s', (_, begin, end) => {
    add('ifb')
    configure()
    const before = observeHost(testbed, 'd0')
    capture('ADD')
    moveTo(testbed.pod)
    capture('DEL')
    moveTo(testbed.host, testbed.pod)
    begin()
    end()
    expect(observeHost(testbed, 'd0')).toEqual(before)
    expect(records()).toEqual([0, 0])
  })

  it('follows it from namespace to namespace', () => {
    add('ifb')
    configure()
    const before = observeHost(testbed, 'd0')
    capture('ADD')
    moveTo(testbed.pod)
    capture('DEL')
    moveTo(third, testbed.pod)
    runSync('ip', ['netns', 'delete', testbed.pod])
    expect(call('DEL', 'c2')).toBe('')
    moveTo(testbed.host, third)
    call('DEL', 'c2')
    expect(observeHost(testbed, 'd0')).toEqual(before)
  })

  it('is up again if it had nothing else, and has its settings', () => {
    add('ifb')
    const set = 'net.ipv4.conf.d0.proxy_arp'
    testbed.run(testbed.host, `sysctl -q -w ${set}=1`)
    capture('ADD')
    moveTo(testbed.pod)
    capture('DEL')
    moveTo(testbed.host, testbed.pod)
    call('DEL', 'c2')
    expect(testbed.onHost('link show dev d0')).toContain(',UP')
    expect(testbed.run(testbed.host, `sysctl -n ${set}`).stdout).toBe('1')
  })

  it('stays away from a device that was given another state meanwhile', () => {
    add('ifb')
    configure()
    capture('ADD')
    moveTo(testbed.pod)
    capture('DEL')
    moveTo(testbed.host, testbed.pod)
    testbed.onHost(`address add ${ADDRESS} dev d0`)
    testbed.onHost('link set d0 up')
    const set = observeHost(testbed, 'd0')
    call('DEL', 'c2')
    expect(observeHost(testbed, 'd0')).toEqual(set)
    expect(records()).toEqual([0, 0])
  })

  it.each([
    ['before the capture ends', () => {}],
    ['after the capture has ended', () => expect(capture('DEL')).toBe('')],
  ])('is given up with a warning if that was destroyed %s', (_, first) => {
    add('ifb')
    configure()
    capture('ADD')
    moveTo(testbed.pod)
    first()
    testbed.inPod('link delete d0')
    add('ifb')
    const anew = observeHost(testbed, 'd0')
    expect(capture('DEL')).toMatch(
      /d0 is gone: it is in no network namespace that can be found; what was captured of it is given up/,
    )
    expect(records()).toEqual([0, 0])
    expect(call('DEL', 'c2')).toBe('')
    expect(observeHost(testbed, 'd0')).toEqual(anew)
  })

  it('is not taken for lost where the name is taken at home', () => {
    add('ifb')
    configure()
    capture('ADD')
    moveTo(testbed.pod, testbed.host, ' name net0')
    capture('DEL')
    testbed.onHost('link add d0 type ifb')
    testbed.inPod(`link set net0 netns ${testbed.host}`)
    call('DEL', 'c2')
    expect(records()).toEqual([0, 1])
    testbed.onHost('link delete d0')
    call('DEL', 'c2')
    expect(testbed.onHost('address show dev d0')).toContain(ADDRESS)
    expect(testbed.onHost('route show')).toContain('172.16.0.0/12 via 10.77.0.9 dev d0')
    expect(records()).toEqual([0, 0])
  })

  it('is not needed where a loan was destroyed, of which DEL says so', () => {
    add('veth')
    call('ADD', 'c1')
    testbed.inPod('link delete net1')
    expect(call('DEL', 'c1')).toMatch(/d0 is gone: it counts as destroyed/)
    expect(call('DEL', 'c1')).toBe('')
  })
})
