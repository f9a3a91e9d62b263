import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/**
 * How each kind of device is made as `lent` on the host, above eth1 or beside it, and
 * what answers it in the cloud.
 */
const KINDS = [
  {
    kind: 'veth',
    onHost: ['link set eth1 down', 'link set eth1 name lent'],
    inCloud: [],
    answering: 'eth1',
  },
  {
    kind: 'vlan',
    onHost: ['link add lent link eth1 type vlan id 7'],
    inCloud: ['link add tagged link eth1 type vlan id 7', 'link set tagged up'],
    answering: 'tagged',
  },
  {
    kind: 'macvlan',
    onHost: ['link add lent link eth1 type macvlan mode bridge'],
    inCloud: [],
    answering: 'eth1',
  },
  {
    kind: 'macvtap',
    onHost: ['link add lent link eth1 type macvtap mode bridge'],
    inCloud: [],
    answering: 'eth1',
  },
  {
    kind: 'ipvlan',
    onHost: ['link add lent link eth1 type ipvlan mode l2'],
    inCloud: [],
    answering: 'eth1',
  },
  {
    kind: 'dummy',
    onHost: ['link add lent type dummy'],
    inCloud: [],
    answering: undefined,
  },
  {
    kind: 'member of a vrf',
    onHost: [
      'link add blue type vrf table 100',
      'link set blue up',
      'link set eth1 down',
      'link set eth1 name lent',
      'link set lent master blue',
    ],
    inCloud: [],
    answering: 'eth1',
    configuration: { force: true },
    inTable: 'table 100',
    // In the pod there is no vrf that would send its traffic to that table.
    inPod: ['rule add lookup 100 priority 50', '-6 rule add lookup 100 priority 50'],
  },
  {
    kind: 'member of a bond',
    onHost: [
      'link add bond0 type bond mode active-backup',
      'link set eth1 down',
      'link set eth1 name lent',
      'link set lent master bond0',
      'link set bond0 up',
    ],
    inCloud: [],
    answering: 'eth1',
    configuration: { force: true },
  },
]

const STATE = [
  'link set lent up',
  'address add 192.0.2.5/24 dev lent',
  'address add 192.0.2.6/24 dev lent',
  'address add 2001:db8:2::5/64 dev lent nodad',
]

describe.each(KINDS)('a device of the host: $kind', (kind) => {
  let testbed: Testbed
  const call = (path: string, command: string, keys: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { device: 'lent', ...kind.configuration, ...keys },
    })
  const table = kind.inTable ?? ''

  beforeEach(() => {
    testbed = new Testbed()
    batch(
      testbed.host,
      ...[...kind.onHost, ...STATE],
      `route add 203.0.113.0/24 via 192.0.2.1 dev lent ${table}`,
      'route add 10.9.0.0/16 via 192.0.2.1 dev lent table 70 metric 9',
      'rule add from 192.0.2.6 lookup 70 priority 40',
    )
    batch(
      testbed.cloud,
      ...kind.inCloud,
      'address add 203.0.113.1/32 dev lo',
      'address add 10.9.0.1/32 dev lo',
      `address add 192.0.2.1/24 dev ${kind.answering ?? 'lo'}`,
      `address add 2001:db8:2::1/64 dev ${kind.answering ?? 'lo'} nodad`,
    )
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('is added, checked, usable, and deleted', () => {
    const added = call(COMPILED, 'ADD')
    expect(added.exitCode, added.stdout).toBe(0)
    expect(added.document.ips.map(({ address }: { address: string }) => address).sort()).toEqual([
      '192.0.2.5/24',
      '192.0.2.6/24',
      '2001:db8:2::5/64',
    ])
    expect(testbed.onHost('-br link')).not.toContain('lent')
    expect(testbed.inPod('route show table 70')).toMatch(
      /10\.9\.0\.0\/16 via 192\.0\.2\.1 dev net1/,
    )
    for (const line of kind.inPod ?? []) testbed.inPod(line)

    if (kind.answering) {
      for (const address of ['192.0.2.1', '2001:db8:2::1', '203.0.113.1'])
        expect(testbed.podReaches(address), address).toBe(true)
      const bySecondAddress = 'ping -c 1 -W 2 -I 192.0.2.6 10.9.0.1'
      expect(testbed.run(testbed.pod, bySecondAddress).stdout).toContain('1 received')
    } else {
      // It sends what it is given to nobody, but it does send it.
      testbed.podReaches('203.0.113.1', 1)
      const [link] = JSON.parse(testbed.inPod('-json -stats link show dev net1'))
      expect(link.stats64.tx.packets).toBeGreaterThan(0)
    }

    const check = call(COMPILED, 'CHECK', { prevResult: added.document })
    expect(check).toMatchObject({ exitCode: 0, stdout: '' })
    expect(call(JAVASCRIPT, 'DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.onHost('-br link show dev lent up')).toContain('lent')
    expect(testbed.inPod('-br link')).not.toContain('net1')
  })
})

describe('what the kernel lets into no other namespace', () => {
  it.each([
    ['bond', 'NO-CARRIER'],
    ['vrf table 100', 'LOWER_UP'],
  ])('is refused: %s', async (type, inTheEnd) => {
    using testbed = new Testbed()
    batch(testbed.host, `link add lent type ${type}`, 'link set lent up')
    await expect.poll(() => testbed.onHost('link show dev lent')).toContain(inTheEnd)
    const before = testbed.hostState()
    const { exitCode, document } = callPlugin(testbed, COMPILED, 'ADD', {
      configuration: { device: 'lent' },
    })
    expect(exitCode).toBe(1)
    // Older kernels do not say so before they are asked.
    expect(document.msg).toMatch(/lets it into no other namespace|Invalid argument \(EINVAL\)/)
    expect(testbed.hostState()).toBe(before)
  })
})
