import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { askBoth, givenBy, givenIn } from '../support/explain-beside-add.js'
import { clear, force } from '../support/host-lines.js'
import { PCI, TWO_PORTS_PCI, USERSPACE_PCI, withOwnBuses } from '../support/own-buses.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { randomHost } from '../support/random-host.js'
import { randomState } from '../support/random-state.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const STATES = 100

/** Only of a rule does `ip` not see by its addresses which family it is of. */
const ofFamily = (line: string) =>
  line.startsWith('rule') && line.includes(':') ? `-6 ${line}` : line

/** What the host loses with eth1: its default route, or the source of a route by eth2. */
const losses = fc.subarray([
  'route append default via 192.0.2.1 dev eth1 onlink',
  '-6 route append default via fe80::1 dev eth1',
  'address add 10.99.0.1/32 dev eth1\nroute append 172.31.0.0/24 dev eth2 src 10.99.0.1',
])

const hostState = fc
  .tuple(
    fc.oneof(
      randomState.map((lines) => lines.flatMap((line) => line.split('\n')).map(ofFamily)),
      randomHost,
    ),
    losses,
  )
  .map((parts) => parts.flat())

/** Keys that decide what is carried, and one that nobody knows. */
const keys = fc.record(
  {
    dynamicAddresses: fc.constantFrom('drop', 'ipv4', 'all', {
      carry: 'all',
      lifetime: 'remaining',
    }),
    routes: fc.constantFrom(true, false, { default: false }),
    rules: fc.boolean(),
    neighbors: fc.constantFrom('none', 'permanent', 'all'),
    useInterfaceNetwork: fc.boolean(),
    ruels: fc.constant(true),
  },
  { requiredKeys: [] },
)

describe.each(ARTEFACTS)('explain and ADD: $artefact', ({ path }) => {
  describe('of a device that is lent', () => {
    let testbed: Testbed
    beforeAll(() => {
      testbed = new Testbed()
      testbed.addDevice('eth2')
      testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
    })
    afterAll(() => testbed[Symbol.dispose]())

    it(`say the same, of ${STATES} random states`, () => {
      fc.assert(
        fc.property(hostState, keys, (lines, configuration) => {
          try {
            force(testbed.host, lines)
            const { explained, document, added, outcome } = askBoth(testbed, path, {
              configuration,
            })
            expect(explained).toEqual(added)
            expect(outcome.exitCode, outcome.stdout).toBe(0)
            expect(givenIn(document)).toEqual(givenBy(testbed, outcome))
          } finally {
            callPlugin(testbed, path, 'DEL', { configuration: { restoreOnDelete: false } })
            clear(testbed.host, ['eth1', 'eth2'], lines)
          }
        }),
        { numRuns: STATES },
      )
    }, 300_000)
  })

  describe('of a device that loses something, and of a call of another kind', () => {
    let testbed: Testbed
    beforeEach(() => {
      testbed = new Testbed()
      testbed.onHost('address add 10.0.0.1 peer 10.0.0.2 dev eth1')
      testbed.onHost('route add default via 192.0.2.1 dev eth1 onlink metric 5')
      testbed.onHost('route add default via 192.0.2.2 dev eth1 onlink metric 6')
    })
    afterEach(() => testbed[Symbol.dispose]())
    const makeInterface = () => testbed.inPod('link add net1 type ifb')

    it.each<[string, () => void, CallOptions, string]>([
      [
        'a qdisc',
        () => testbed.run(testbed.host, 'tc qdisc add dev eth1 root handle 1: htb default 1'),
        {},
        'lend it',
      ],
      [
        'a port of a bridge',
        () => {
          testbed.onHost('link add bridge0 type bridge')
          testbed.onHost('link set eth1 master bridge0')
        },
        { configuration: { force: true } },
        'lend it',
      ],
      ['another metric', () => {}, { configuration: { routeMetric: 50 } }, 'lend it'],
      ['capture', () => {}, { configuration: { mode: 'capture' } }, 'capture its state'],
      ['apply', makeInterface, { configuration: { mode: 'apply' } }, 'to net1'],
      ['gVisor', () => {}, { configuration: { gvisor: { timeoutSeconds: 0 } } }, 'lend it'],
      [
        'apply for gVisor',
        makeInterface,
        { configuration: { mode: 'apply', gvisor: { timeoutSeconds: 0 } } },
        'to net1',
      ],
      [
        'a device of a userspace driver',
        () => {},
        { configuration: { device: undefined, pciBusID: USERSPACE_PCI }, ...withOwnBuses },
        'move nothing',
      ],
    ])('say the same: %s', (_, prepare, options, would) => {
      prepare()
      const { explained, document, added, outcome } = askBoth(testbed, path, options)
      expect(explained).toEqual(added)
      expect(outcome.exitCode, outcome.stdout).toBe(0)
      expect(document.verdict.would).toContain(would)
      if (options.configuration?.routeMetric) {
        expect(givenIn(document)).toEqual(givenBy(testbed, outcome))
        expect(document.routes.map(({ value }) => value.priority)).toEqual(
          expect.arrayContaining([50, 51]),
        )
      }
      if (options.configuration?.gvisor)
        expect(added.warnings.join('\n')).toMatch(
          /without address 10\.0\.0\.1 peer.*\n.*without route/,
        )
    })
  })

  describe('of a call that ADD refuses', () => {
    let testbed: Testbed
    const expectSame = (options: CallOptions) => {
      const { explained, added, outcome } = askBoth(testbed, path, options)
      expect(explained).toEqual(added)
      expect(outcome.exitCode, outcome.stdout).toBe(1)
    }

    describe('as it is made', () => {
      beforeAll(() => {
        testbed = new Testbed()
        testbed.addDevice('eth2')
        testbed.onHost('address add 198.51.100.5/24 dev eth1')
      })
      afterAll(() => testbed[Symbol.dispose]())

      const noDevice = { device: undefined }
      it.each<[string, CallOptions]>([
        ['no JSON', { input: '{"name": "n",\n "device" "eth1"}' }],
        ['nothing on stdin', { input: '' }],
        ['a text', { input: '"eth1"' }],
        ['YAML', { input: 'cniVersion: 1.1.0\nname: n\n' }],
        ['no name', { configuration: { name: undefined } }],
        ['a name that is none', { configuration: { name: 'a b' } }],
        ['no device', { configuration: noDevice }],
        ['no device, and a key of another plugin', { configuration: { ...noDevice, master: 'x' } }],
        ['a device that is a number', { configuration: { device: 5 } }],
        ['a device that is not there', { configuration: { device: 'eth7' } }],
        ['the loopback device', { configuration: { device: 'lo' } }],
        ['routes that are a text', { configuration: { routes: 'all' } }],
        ['a relative stateDir', { configuration: { stateDir: 'x' } }],
        ['a stateDir that is a file', { configuration: { stateDir: '/etc/passwd' } }],
        ['a stateDir of everybody', { configuration: { stateDir: '/tmp' } }],
        ['a logFile that is a number', { configuration: { logFile: 5 } }],
        ['a version nobody has', { configuration: { cniVersion: '9.0.0' } }],
        ['a version that is a number', { configuration: { cniVersion: 1 } }],
        [
          'a version that has no device without addresses',
          { configuration: { cniVersion: '0.2.0', useInterfaceNetwork: false } },
        ],
        ['a prevResult that is none', { configuration: { prevResult: { ips: 5 } } }],
        ['a MAC address that is none', { configuration: { ...noDevice, hwaddr: 'zz' } }],
        [
          'a MAC address of nobody',
          { configuration: { ...noDevice, hwaddr: '02:00:00:00:00:01' } },
        ],
        ['a path elsewhere', { configuration: { ...noDevice, kernelpath: '/foo' } }],
        ['keys that disagree', { configuration: { kernelpath: '/sys/devices/virtual/net/eth2' } }],
        ['a PCI address of nothing', { configuration: { pciBusID: '0000:ff:00.0' } }],
        ['a PCI address without its domain', { configuration: { pciBusID: '01:00.0' } }],
        [
          'a device id of nothing',
          { configuration: { ...noDevice, runtimeConfig: { deviceID: 'x.1' } } },
        ],
        [
          'a device id that the runtime did not give',
          { configuration: { ...noDevice, capabilities: { deviceID: true } } },
        ],
        ['a sysctl that is not there', { configuration: { sysctls: ['net.ipv4.conf.none'] } }],
        ['an IPAM plugin that is not there', { configuration: { ipam: { type: 'hdl3-none' } } }],
        ['apply without an interface', { configuration: { mode: 'apply' } }],
        ['a capture of nothing', { configuration: { mode: 'capture', device: 'eth7' } }],
        ['a long name', { variables: { CNI_IFNAME: 'x'.repeat(16) } }],
        ['a name with a slash', { variables: { CNI_IFNAME: 'a/b' } }],
        ['a template', { variables: { CNI_IFNAME: 'net%d' } }],
        ['a sandbox that is not there', { variables: { CNI_NETNS: '/run/netns/none' } }],
        ['a sandbox that is a directory', { variables: { CNI_NETNS: '/tmp' } }],
        ['another kind of namespace', { variables: { CNI_NETNS: '/proc/self/ns/mnt' } }],
        ["the host's namespace", { variables: { CNI_NETNS: '/proc/self/ns/net' } }],
      ])('say the same: %s', (_, options) => {
        expectSame(options)
      })

      it.each<[string, Record<string, unknown>]>([
        ['an ambiguous PCI address', { ...noDevice, pciBusID: TWO_PORTS_PCI }],
        ['devices that disagree', { device: 'eth2', pciBusID: PCI }],
        ['a PCI device without a network device', { ...noDevice, pciBusID: '0000:ff:1f.5' }],
        ['a device of a userspace driver', { device: 'eth1', pciBusID: USERSPACE_PCI }],
        [
          'addresses for a userspace driver',
          { ...noDevice, pciBusID: USERSPACE_PCI, useInterfaceNetwork: true },
        ],
      ])('say the same: %s', (_, configuration) => {
        expectSame({ configuration, ...withOwnBuses })
      })
    })

    describe('for the state of host or sandbox', () => {
      beforeEach(() => {
        testbed = new Testbed()
        testbed.onHost('address add 198.51.100.5/24 dev eth1')
      })
      afterEach(() => testbed[Symbol.dispose]())

      const lend = () => expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
      const another = { CNI_CONTAINERID: 'container-2' }

      it.each<[string, () => void, CallOptions]>([
        ['a name taken in the sandbox', () => testbed.inPod('link add net1 type ifb'), {}],
        [
          'an alternative name taken there',
          () => {
            testbed.onHost('link property add dev eth1 altname storage')
            testbed.inPod('link add storage type ifb')
          },
          {},
        ],
        [
          'a device under a macvlan',
          () => testbed.onHost('link add upper link eth1 type macvlan'),
          {},
        ],
        [
          'a device in a bridge',
          () => {
            testbed.onHost('link add bridge0 type bridge')
            testbed.onHost('link set eth1 master bridge0')
          },
          {},
        ],
        [
          'a device that moves nowhere',
          () => testbed.onHost('link add bridge0 type bridge'),
          { configuration: { device: 'bridge0' } },
        ],
        ['a device that is lent', lend, { variables: another }],
        [
          'a device that is lent, by its MAC address',
          () => {
            testbed.onHost('link set eth1 address 02:00:00:00:00:77')
            lend()
          },
          {
            configuration: { device: undefined, hwaddr: '02:00:00:00:00:77' },
            variables: another,
          },
        ],
        [
          'a device with filters of others',
          () => {
            const filter = 'filter add dev eth1 ingress pref 7 protocol ip u32 match u32 0 0'
            for (const words of [
              'qdisc add dev eth1 clsact',
              `${filter} action mirred egress mirror dev lo`,
            ])
              runSync('tc', ['-n', testbed.host, ...words.split(' ')])
          },
          { configuration: { foreignPrograms: 'refuse' } },
        ],
        [
          'a directory of records that others can write',
          () => {
            mkdirSync(`${testbed.stateDirectory}/attachments`)
            chmodSync(`${testbed.stateDirectory}/attachments`, 0o777)
          },
          {},
        ],
        [
          'a file in place of the directory of records',
          () => writeFileSync(`${testbed.stateDirectory}/attachments`, ''),
          {},
        ],
      ])('say the same: %s', (_, prepare, options) => {
        prepare()
        expectSame(options)
      })
    })
  })
})
