import { closeSync, openSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, type Outcome } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** A policy rule of a sandbox belongs to the loans that brought it, or to the pod. */
describe.each(ARTEFACTS)('A policy rule: $artefact', ({ path }) => {
  let testbed: Testbed
  const one = { CNI_CONTAINERID: 'container-1', CNI_IFNAME: 'net1' }
  const other = { CNI_CONTAINERID: 'container-1', CNI_IFNAME: 'net2' }
  const call = (
    command: string,
    variables: Record<string, string>,
    configuration: Record<string, unknown> = {},
  ): Outcome => callPlugin(testbed, path, command, { variables, configuration })
  const lend = (variables: Record<string, string>, device: string) => {
    const { exitCode, stdout } = call('ADD', variables, { device })
    expect(exitCode, stdout).toBe(0)
  }
  const podRules = () => testbed.inPod('rule').split('\n').slice(1, -2)
  const OURS = '50:\tfrom all lookup 100'

  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('route add 203.0.114.0/24 via 192.0.2.1 table 100')
    testbed.onHost('rule add lookup 100 priority 50')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([
    ['first', one, other],
    ['second', other, one],
  ])('of two loans stays until both have ended, where the %s ends first', (_, first, second) => {
    lend(one, 'eth1')
    lend(other, 'eth2')
    expect(podRules()).toEqual([OURS])
    expect(call('DEL', first).exitCode).toBe(0)
    expect(podRules()).toEqual([OURS])
    expect(call('DEL', second).exitCode).toBe(0)
    expect(podRules()).toEqual([])
  })

  it('of a loan survives an ADD that fails', () => {
    lend(one, 'eth1')
    testbed.inPod('route add blackhole 203.0.114.0/24 table 100')
    expect(call('ADD', other, { device: 'eth2' }).document).toMatchObject({ code: 102 })
    expect(podRules()).toEqual([OURS])
    expect(call('DEL', one).exitCode).toBe(0)
    expect(podRules()).toEqual([])
  })

  it('of the pod is not taken for that of a loan', () => {
    testbed.inPod('rule add lookup 100 priority 50')
    lend(one, 'eth1')
    expect(call('DEL', one).exitCode).toBe(0)
    expect(podRules()).toEqual([OURS])
  })

  it('of the pod is not taken, either, by an ADD that fails', () => {
    testbed.inPod('rule add lookup 100 priority 50')
    testbed.inPod('route add blackhole 203.0.113.0/24 table 100')
    expect(call('ADD', one, { device: 'eth1' }).document).toMatchObject({ code: 102 })
    expect(podRules()).toEqual([OURS])
  })

  it('with more selectors, which the kernel would delete in place of ours, stays', () => {
    const before = [
      '50:\tfrom 10.0.0.1 lookup 100',
      '50:\tfrom all fwmark 0x7 lookup 100',
      '50:\tnot from all ipproto udp lookup 100',
    ]
    for (const rule of before) testbed.inPod(`rule add ${rule.replace('50:\t', '')} priority 50`)
    lend(one, 'eth1')
    testbed.inPod('rule add from 10.0.0.2 lookup 101 priority 50')
    const after = '50:\tfrom 10.0.0.2 lookup 101'
    expect(podRules()).toEqual([...before, OURS, after])
    expect(call('DEL', one).exitCode).toBe(0)
    expect(podRules()).toEqual([...before, after])
  })

  it('in another sandbox under the same path stays', () => {
    lend(one, 'eth1')
    // Made before the first one is gone, so that the two have different inode numbers.
    const spare = `${testbed.pod}-2`
    runSync('ip', ['netns', 'add', spare])
    runSync('ip', ['netns', 'delete', testbed.pod])
    closeSync(openSync(testbed.sandboxPath, 'w'))
    runSync('mount', ['--bind', `/run/netns/${spare}`, testbed.sandboxPath])
    runSync('ip', ['netns', 'delete', spare])
    testbed.inPod('rule add lookup 100 priority 50')
    expect(call('DEL', one).exitCode).toBe(0)
    expect(podRules()).toEqual([OURS])
  })

  it('of the host stays, where the sandbox may be the host', () => {
    testbed.run(testbed.host, 'ip link add net3 type ifb')
    const onHost = {
      CNI_IFNAME: 'net3',
      CNI_NETNS: `/run/netns/${testbed.host}`,
      CNI_NETNS_OVERRIDE: '1',
    }
    const rules = testbed.onHost('rule')
    call('ADD', onHost, { mode: 'apply' })
    expect(call('DEL', onHost).exitCode).toBe(0)
    expect(testbed.onHost('rule')).toBe(rules)
  })

  it('of an apply survives another apply that fails', () => {
    testbed.inPod('link add net1 type ifb')
    const apply = { mode: 'apply', device: 'eth1' }
    expect(call('ADD', one, apply).exitCode).toBe(0)
    testbed.inPod('route add blackhole 203.0.114.0/24 table 100')
    expect(call('ADD', one, { ...apply, device: 'eth2' }).document).toMatchObject({ code: 102 })
    expect(podRules()).toEqual([OURS])
    expect(testbed.filesIn('attachments')).toHaveLength(1)
    expect(testbed.inPod('address show dev net1')).not.toContain('192.0.2.5')
    expect(call('DEL', one).exitCode).toBe(0)
    expect(podRules()).toEqual([])
  })
})
