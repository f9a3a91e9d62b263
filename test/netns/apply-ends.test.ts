import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observePod } from '../support/carried-state.js'
import { Chain, chained, searchPathFor } from '../support/chain.js'
import { force } from '../support/host-lines.js'
import { LONG } from '../support/length.js'
import { STOCK_DIRECTORY } from '../support/other-plugins.js'
import { callPlugin } from '../support/plugin.js'
import { randomNeighbours } from '../support/random-neighbours.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

const CASES = LONG ? 200 : 40

/** DEL of `apply` takes off what its ADD gave another plugin's interface, and nothing else. */
describe.each(ARTEFACTS)('apply: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { cniVersion: '1.0.0', mode: 'apply', ...configuration },
      variables: { CNI_PATH: STOCK_DIRECTORY },
    })
  const add = (configuration: object = {}) => {
    const { exitCode, stdout } = call('ADD', configuration)
    expect(exitCode, stdout).toBe(0)
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 198.51.100.1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('-6 route add default via 2001:db8::1 metric 77')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('on an interface with a state of its own', () => {
    beforeEach(() => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      testbed.inPod('address add 192.0.2.7/24 dev net1')
      testbed.inPod('address add 198.51.100.5/16 dev net1')
      testbed.inPod('address add 2001:db8::5/64 dev net1')
      testbed.inPod('route add 203.0.114.0/24 via 192.0.2.1')
      testbed.inPod('neighbour add 192.0.2.9 lladdr 02:00:00:00:00:99 dev net1')
    })

    it.each([1, 2])('%i times over, leaves that', (times) => {
      const before = observePod(testbed)
      for (let n = 1; n <= times; n++) add()
      expect(observePod(testbed)).not.toEqual(before)
      expect(call('DEL').exitCode).toBe(0)
      expect(observePod(testbed)).toEqual(before)
    })

    it('leaves that, too, with addresses from IPAM', () => {
      const ipam = {
        type: 'static',
        addresses: [{ address: '10.3.0.5/24', gateway: '10.3.0.1' }],
        routes: [{ dst: '10.4.0.0/16' }],
      }
      const before = observePod(testbed)
      add({ ipam })
      expect(testbed.inPod('route')).toContain('10.4.0.0/16 via 10.3.0.1')
      expect(call('DEL', { ipam }).exitCode).toBe(0)
      expect(observePod(testbed)).toEqual(before)
    })

    it('leaves that, too, where ADD fails', () => {
      testbed.inPod('route add blackhole 203.0.113.0/24 table 100')
      const before = observePod(testbed)
      expect(call('ADD').document).toMatchObject({
        code: 102,
        details: expect.stringContaining('what net1 was given is taken off again'),
      })
      expect(observePod(testbed)).toEqual(before)
      expect(testbed.filesIn('attachments')).toEqual([])
    })

    it('leaves, where a second ADD fails, what the first gave', () => {
      add()
      const before = observePod(testbed)
      testbed.onHost('address add 10.5.0.5/24 dev eth1')
      testbed.onHost('route add 10.6.0.0/24 via 10.5.0.1')
      testbed.inPod('route add blackhole 10.6.0.0/24')
      expect(call('ADD').document).toMatchObject({ code: 102 })
      expect(observePod(testbed)).toEqual(before)
      expect(call('DEL').exitCode).toBe(0)
      expect(testbed.inPod('address')).not.toContain('198.51.100.5/24')
    })
  })

  describe('on an interface with an IPv6 route in the place of a carried one', () => {
    const [ONE, TWO] = ['nexthop via 2001:db8::1 dev', 'nexthop via 2001:db8::2 dev']
    const place = () => testbed.inPod('-6 route show fd00:7::/32')
    const missing = (result: object) => call('CHECK', { prevResult: result }).document

    beforeEach(() => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      testbed.inPod('address add 2001:db8::7/64 dev net1 nodad')
      testbed.inPod('link add net2 type ifb')
      testbed.inPod('link set net2 up')
      testbed.inPod('address add 2001:db8:2::7/64 dev net2 nodad')
    })

    it.each([
      ['has one nexthop of two', `${ONE} eth1`, `${ONE} net1 ${TWO} net1`, 2],
      ['has the second nexthop of two', `${TWO} eth1`, `${ONE} net1 ${TWO} net1`, 2],
      ['has one more nexthop', `${ONE} eth1 ${TWO} eth1`, `${ONE} net1`, 2],
      ['has one more nexthop before', `${TWO} eth1 ${ONE} eth1`, `${ONE} net1`, 2],
      ['has the same two', `${ONE} eth1 ${TWO} eth1`, `${TWO} net1 ${ONE} net1`, 2],
      [
        'has one of those through two interfaces',
        `${ONE} eth1`,
        `${ONE} net1 nexthop via 2001:db8:2::1 dev net2`,
        2,
      ],
    ])('leaves that where the carried one %s', (_, carried, there, nexthops) => {
      testbed.onHost(`route add fd00:7::/32 ${carried}`)
      testbed.inPod(`route add fd00:7::/32 ${there}`)
      const before = place()
      const { exitCode, stdout, document } = call('ADD')
      expect(exitCode, stdout).toBe(0)
      expect(place().match(/via/g)).toHaveLength(nexthops)
      expect(missing(document)).toBeUndefined()
      expect(call('DEL').exitCode).toBe(0)
      expect(place()).toBe(before)
    })

    it('puts back on CHECK what it gave, and takes that off again', () => {
      // A result has its first nexthop.
      testbed.onHost(`route add fd00:7::/32 ${TWO} eth1 ${ONE} eth1`)
      testbed.inPod(`route add fd00:7::/32 ${ONE} net1`)
      const before = place()
      const { document } = call('ADD')
      const both = place()
      testbed.inPod('route delete fd00:7::/32 via 2001:db8::2 dev net1')
      const repaired = call('CHECK', { prevResult: document, repairOnCheck: true })
      expect(repaired.exitCode, repaired.stdout).toBe(0)
      expect(place()).toBe(both)
      expect(call('DEL').exitCode).toBe(0)
      expect(place()).toBe(before)
    })

    it.each([
      ['has one nexthop of two', `${ONE} eth1`, `${ONE} net1 ${TWO} net1`],
      ['is on the link', 'dev eth1', `${ONE} net1`],
    ])('leaves that where ADD fails, and the carried one %s', (_, carried, there) => {
      testbed.onHost(`route add fd00:7::/32 ${carried}`)
      testbed.inPod(`route add fd00:7::/32 ${there}`)
      testbed.inPod('route add blackhole 203.0.113.0/24 table 100')
      const before = place()
      expect(call('ADD').document).toMatchObject({ code: 102 })
      expect(place()).toBe(before)
    })
  })

  it.each(['via 2001:db8::9 dev net1 onlink', 'nexthop via 2001:db8::9 dev net1 weight 5 onlink'])(
    'joins another plugin’s IPv6 route, and leaves it onlink: %s',
    (route) => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      testbed.inPod(`-6 route add fd00:8::/32 ${route}`)
      testbed.onHost(
        '-6 route add fd00:8::/32 nexthop via 2001:db8::8 dev eth1 weight 3 nexthop via 2001:db8::9 dev eth1 weight 2',
      )
      const place = () => testbed.inPod('-6 route show fd00:8::/32')
      const before = place()
      add()
      expect(place()).toContain('nexthop via 2001:db8::8 dev net1 weight 3')
      const weight = route.includes('weight') ? 5 : 1
      expect(place()).toContain(`nexthop via 2001:db8::9 dev net1 weight ${weight} onlink`)
      expect(call('DEL').exitCode).toBe(0)
      expect(place()).toBe(before)
    },
  )

  describe('on an interface with an IPv4 route to the same destination', () => {
    const [ONE, THREE] = ['via 198.51.100.1 dev', 'via 198.51.100.3 dev']
    const BOTH = (device: string) => `nexthop ${ONE} ${device} nexthop ${THREE} ${device}`
    const routes = () => testbed.inPod('route show table main').split('\n').filter(isMeant)
    const isMeant = (line: string) => line.startsWith('203.0.11') || line.startsWith('\t')

    beforeEach(() => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      testbed.inPod('address add 198.51.100.7/24 dev net1')
    })

    it.each([
      ['leads through more', `${ONE} eth1`, BOTH('net1')],
      ['leads through less', BOTH('eth1'), `${ONE} net1`],
    ])('leaves it where ADD fails, and it %s', (_, carried, there) => {
      testbed.onHost(`route add 203.0.114.0/24 ${carried}`)
      testbed.inPod(`route add 203.0.114.0/24 ${there}`)
      const before = routes()
      expect(call('ADD').document).toMatchObject({ code: 102 })
      expect(routes()).toEqual(before)
    })

    it.each([
      ['metric', ' metric 50', ''],
      ['protocol', '', ' proto 186'],
      ['protocol too', ' proto 186', ''],
      ['MTU', '', ' mtu 1300'],
      ['MTU too', ' mtu 1300', ''],
    ])('leaves it, and no other one, where it has another %s', (_, there, carried) => {
      testbed.onHost(`route add 203.0.114.0/24 ${ONE} eth1${carried}`)
      testbed.inPod(`route add 203.0.114.0/24 ${ONE} net1${there}`)
      const before = routes()
      add()
      expect(routes()).toHaveLength(2)
      expect(call('DEL').exitCode).toBe(0)
      expect(routes()).toEqual(before)
    })

    it.each([' onlink', ' mtu 1300 onlink'])(
      'leaves both and says so where it is%s, too',
      (words) => {
        testbed.onHost(`route add 203.0.114.0/24 ${ONE} eth1${words.replace(' onlink', '')}`)
        testbed.inPod(`route add 203.0.114.0/24 ${ONE} net1${words}`)
        add()
        const both = routes()
        expect(both).toHaveLength(2)
        const { exitCode, stderr } = call('DEL')
        expect(exitCode).toBe(0)
        expect(stderr).toContain('the route 203.0.114.0/24 via 198.51.100.1 dev net1')
        expect(stderr).toContain('cannot be told from others there')
        expect(routes()).toEqual(both)
      },
    )

    it.each([{ mtu: 70_000 }, { advmss: 65_530 }, { mtu: 0, advmss: 0, priority: 0, table: 0 }])(
      'takes off a route of IPAM that the kernel keeps otherwise: %j',
      (metrics) => {
        const answer = {
          cniVersion: '1.1.0',
          ips: [{ address: '10.3.0.5/24', gateway: '10.3.0.1' }],
          routes: [{ dst: '203.0.114.0/24', ...metrics }],
        }
        using scripted = new ScriptedIpam({ ADD: `echo '${JSON.stringify(answer)}'` })
        const options = {
          configuration: { cniVersion: '1.1.0', mode: 'apply', ipam: { type: scripted.type } },
          variables: { CNI_PATH: scripted.directory },
        }
        const before = routes()
        const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', options)
        expect(exitCode, stdout).toBe(0)
        expect(routes()).not.toEqual(before)
        expect(callPlugin(testbed, path, 'DEL', options)).toMatchObject({ exitCode: 0, stderr: '' })
        expect(routes()).toEqual(before)
      },
    )

    it('leaves one with another metric where its own is gone, and CHECK misses that', () => {
      testbed.onHost(`route add 203.0.114.0/24 ${THREE} eth1`)
      testbed.inPod(`route add 203.0.114.0/24 ${THREE} net1 metric 50`)
      const before = routes()
      const { document } = call('ADD')
      testbed.inPod(`route delete 203.0.114.0/24 ${THREE} net1`)
      expect(routes()).toEqual(before)
      expect(call('CHECK', { prevResult: document }).document).toMatchObject({
        msg: expect.stringContaining('route 203.0.114.0/24 via 198.51.100.3 dev net1 is missing'),
      })
      expect(call('DEL').exitCode).toBe(0)
      expect(routes()).toEqual(before)
    })

    it(`leaves what another plugin has, whatever that is: ${CASES} times`, () => {
      const on = (name: string, lines: string[]) =>
        lines.map((one) => one.replaceAll('DEVICE', name))
      const all = () => {
        const json = JSON.parse(testbed.inPod('-details -json route show table main') || '[]')
        const ours = (json as { dst: string }[]).filter(({ dst }) => isMeant(dst))
        return ours.map((one) => JSON.stringify(one))
      }
      const flush = ['route flush 203.0.114.0/24', 'route flush 203.0.115.0/24']
      fc.assert(
        fc.property(randomNeighbours, ({ others, carried, removed }) => {
          try {
            force(testbed.host, on('eth1', carried))
            force(testbed.pod, on('net1', others))
            const before = all()
            const added = call('ADD')
            if (added.exitCode === 0) force(testbed.pod, on('net1', removed))
            const present = new Set(all())
            const ended = call('DEL')
            expect(ended.exitCode).toBe(0)
            const after = all()
            // Somebody may have removed what is not the plugin's.
            const staying = added.exitCode === 0 ? before.filter((one) => present.has(one)) : before
            expect(after.filter((one) => before.includes(one))).toEqual(staying)
            if (!`${added.stderr}${ended.stderr}`.includes('cannot be told'))
              expect(after).toEqual(staying)
          } finally {
            call('DEL')
            force(testbed.host, flush)
            force(testbed.pod, flush)
          }
        }),
        { numRuns: CASES },
      )
    }, 300_000)
  })

  describe.each([
    ['deleted', 'link delete net1'],
    ['moved to another namespace', 'link set net1 netns HOST'],
    [
      'renamed, and another is made under its name',
      'link set net1 name old; link add net1 type ifb',
    ],
  ])('on an interface that is %s before the end', (_, words) => {
    beforeEach(() => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      add()
      for (const line of words.split('; ')) testbed.inPod(line.replace('HOST', testbed.host))
    })

    it.each(['DEL', 'GC'])('%s ends the attachment', (command) => {
      const keys = command === 'GC' ? { 'cni.dev/valid-attachments': [], cniVersion: '1.1.0' } : {}
      expect(call(command, keys)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(testbed.filesIn('attachments')).toEqual([])
      expect(testbed.inPod('rule show')).not.toContain('198.51.100.5')
    })
  })

  it('lets the stock `bridge` end with masquerading, which knows its own addresses only', () => {
    const bridge = {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: `${testbed.stateDirectory}/leases`,
        ranges: [[{ subnet: '10.22.0.0/16' }]],
      },
    }
    const ours = chained(testbed, path, { ifName: undefined })
    const list = { cniVersion: '1.0.0', name: 'lent', plugins: [bridge, ours] }
    const chain = new Chain(testbed, list, searchPathFor(testbed, path))
    chain.add()
    expect(testbed.inPod('address show dev eth0')).toContain('198.51.100.5/24')
    chain.delete()
    expect(testbed.inPod('link')).not.toContain('eth0')
  })
})
