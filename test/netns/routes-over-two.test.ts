import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const RUNS = LONG ? 25 : 3

/** The two devices, each with an address, and what leads through both. */
const ADDRESSES = [
  'address add 198.51.100.5/24 dev eth1',
  'address add 192.0.2.5/24 dev eth2',
  'address add 2001:db8::5/64 dev eth1 nodad',
  'address add 2001:db8:2::5/64 dev eth2 nodad',
]

const FIRST = 'nexthop via 198.51.100.1 dev eth1'
const SECOND = 'nexthop via 192.0.2.1 dev eth2'

/** Routes and nexthop objects that both devices have to do with. */
const ROUTES = [
  [`route add default ${FIRST} ${SECOND}`],
  [`route add 203.0.113.0/25 ${SECOND} weight 5 ${FIRST} weight 2`],
  [`route add 203.0.113.128/25 table 100 proto static mtu 1400 ${FIRST} ${SECOND}`],
  ['route add 203.0.114.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5'],
  ['route add 203.0.115.0/24 via 198.51.100.1 dev eth1 src 192.0.2.5'],
  [
    'nexthop add id 10 via 198.51.100.1 dev eth1',
    'nexthop add id 11 via 192.0.2.1 dev eth2',
    'nexthop add id 12 group 10/11,3',
  ],
  ['nexthop add id 13 via 198.51.100.1 dev eth1', 'route add 203.0.117.0/24 nhid 13'],
  // Each has a route of its own in the same place; the first one counts.
  [
    'route append 203.0.118.0/24 via 198.51.100.1 dev eth1',
    'route append 203.0.118.0/24 via 192.0.2.1 dev eth2',
  ],
  [
    'route append 203.0.119.0/24 via 192.0.2.1 dev eth2 table 100 metric 7',
    'route append 203.0.119.0/24 via 198.51.100.1 dev eth1 table 100 metric 7',
    'route append 203.0.119.0/24 via 192.0.2.9 dev eth2 table 100 metric 7',
  ],
  ['address add 10.44.0.5/24 dev eth1', 'address add 10.44.0.6/24 dev eth2'],
  [
    'address add 10.45.0.6/24 dev eth2',
    'address add 10.45.0.5/24 dev eth1',
    'route append 203.0.120.0/24 via 10.45.0.9 dev eth2 src 10.45.0.6',
    'route append 203.0.120.0/24 via 10.45.0.9 dev eth1 src 10.45.0.5',
  ],
  [
    'route append 2001:db8:77::/64 via 2001:db8::1 dev eth1',
    'route append 2001:db8:77::/64 via 2001:db8:2::1 dev eth2',
  ],
]

const plan = fc.record({
  routes: fc.subarray(ROUTES, { minLength: 1 }),
  /** Whose turn it is: the device is lent, or it comes home. */
  turns: fc.array(fc.constantFrom(0, 1), { minLength: 3, maxLength: 6 }),
  /** Whether the indexes of the devices are taken in their sandboxes. */
  areTaken: fc.boolean(),
})

/** Two devices in sandboxes of their own. */
class TwoPods implements Disposable {
  readonly testbed = new Testbed()
  readonly #second = `${this.testbed.pod}-2`

  constructor() {
    runSync('ip', ['netns', 'add', this.#second])
    this.testbed.addDevice('eth2')
    this.testbed.inCloud('address add 192.0.2.1/24 dev eth2')
    batch(this.testbed.host, ...ADDRESSES)
  }

  /** In each sandbox another device gets the index of the one to come. */
  takeIndexes(): void {
    this.#names.forEach((pod, n) => {
      const [{ ifindex }] = JSON.parse(this.testbed.onHost(`-json link show eth${n + 1}`))
      runSync('ip', ['-n', pod, 'link', 'add', 'other', 'index', `${ifindex}`, 'type', 'ifb'])
    })
  }

  get #names() {
    return [this.testbed.pod, this.#second]
  }

  call(path: string, command: string, n: number): void {
    const { exitCode, stdout } = callPlugin(this.testbed, path, command, {
      configuration: { device: `eth${n + 1}`, restoreOnDelete: true },
      variables: {
        CNI_CONTAINERID: `container-${n}`,
        CNI_NETNS: `/run/netns/${this.#names[n]}`,
      },
    })
    expect(exitCode, `${command} of eth${n + 1}: ${stdout}`).toBe(0)
  }

  /** What the host has, without what the kernel makes of every link. */
  look(): string[] {
    const { testbed } = this
    testbed.settle()
    return ['nexthop', '-4 route show table all', '-6 route show table all'].flatMap((words) =>
      testbed
        .onHost(words)
        .split('\n')
        .map((line) => line.trim().replaceAll(/ +/g, ' '))
        .filter((line) => line !== '' && !/^(fe80::|multicast|local fe80)/.test(line))
        .map((line) => `${words}: ${line}`),
    )
  }

  [Symbol.dispose](): void {
    runSync('ip', ['netns', 'delete', this.#second])
    this.testbed[Symbol.dispose]()
  }
}

/** IPv6 routes of different places come in no certain order. */
function sorted(lines: string[]): string[] {
  return [...lines].sort()
}

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  it('has all routes over two devices back, in whatever order they were lent and came home', () => {
    const property = fc.property(plan, ({ routes, turns, areTaken }) => {
      using pods = new TwoPods()
      batch(pods.testbed.host, ...routes.flat())
      if (areTaken) pods.takeIndexes()
      const before = pods.look()
      const isLent = [false, false]
      const turn = (n: number) => {
        pods.call(path, isLent[n] ? 'DEL' : 'ADD', n)
        isLent[n] = !isLent[n]
      }
      for (const n of turns) turn(n)
      for (const n of [0, 1]) if (isLent[n]) turn(n)
      expect(sorted(pods.look())).toEqual(sorted(before))
      expect(pods.testbed.filesIn('outstanding')).toEqual([])
    })
    fc.assert(property, { numRuns: RUNS })
  }, 240_000)
})
