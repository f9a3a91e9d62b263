import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { tampered } from '../support/strace.js'
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
  /** Whether the index of a device is taken on the host before it comes home. */
  isTakenAtHome: fc.boolean(),
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

  /** Something on the host gets the index of the device that is to come home. */
  takeIndexAtHome(index: number): void {
    this.testbed.onHost(`link add taker${index} index ${index} type ifb`)
  }

  indexOf(n: number): number {
    const [{ ifindex }] = JSON.parse(this.testbed.onHost(`-json link show eth${n + 1}`))
    return ifindex
  }

  /** What a pod has that the plugin puts on the host only, in place of what left with a device. */
  standInsIn(n: number): string {
    const words = ['-n', `${this.#names[n]}`, 'route', 'show', 'table', 'all', 'proto', '76']
    return runSync('ip', words).stdout
  }

  get #names() {
    return [this.testbed.pod, this.#second]
  }

  call(path: string, command: string, n: number): void {
    const { exitCode, stdout } = this.tryTo(path, command, n)
    expect(exitCode, `${command} of eth${n + 1}: ${stdout}`).toBe(0)
  }

  tryTo(path: string, command: string, n: number, wrapper: string[] = []) {
    return callPlugin(this.testbed, path, command, {
      configuration: { device: `eth${n + 1}`, restoreOnDelete: true },
      variables: {
        CNI_CONTAINERID: `container-${n}`,
        CNI_NETNS: `/run/netns/${this.#names[n]}`,
      },
      wrapper,
    })
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

/** An IPv6 route through both devices, and as `ip` shows it. */
const MULTIPATH = [
  'via 2001:db8::1 dev eth1 weight 3',
  'via 2001:db8:2::1 dev eth2 weight 2',
  'via 2001:db8::9 dev eth1 weight 1',
]

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  it('has all routes over two devices back, in whatever order they were lent and came home', () => {
    const property = fc.property(plan, ({ routes, turns, areTaken, isTakenAtHome }) => {
      using pods = new TwoPods()
      batch(pods.testbed.host, ...routes.flat())
      if (areTaken) pods.takeIndexes()
      const before = pods.look()
      const isLent = [false, false]
      const indexes = [0, 0]
      const turn = (n: number) => {
        if (isLent[n]) {
          // What waits for two devices knows them by the indexes that they had.
          const waits = isLent[1 - n] || pods.testbed.filesIn('outstanding').length > 0
          if (isTakenAtHome && !waits) pods.takeIndexAtHome(indexes[n] ?? 0)
          pods.call(path, 'DEL', n)
        } else {
          indexes[n] = pods.indexOf(n)
          pods.call(path, 'ADD', n)
          expect(pods.standInsIn(n)).toBe('')
        }
        isLent[n] = !isLent[n]
      }
      for (const n of turns) turn(n)
      for (const n of [0, 1]) if (isLent[n]) turn(n)
      expect(sorted(pods.look())).toEqual(sorted(before))
      expect(pods.testbed.filesIn('outstanding')).toEqual([])
    })
    fc.assert(property, { numRuns: RUNS })
  }, 240_000)
  it('has only the route itself back where the index of a device was taken at home', () => {
    using pods = new TwoPods()
    batch(pods.testbed.host, `route add 203.0.113.0/24 ${FIRST} ${SECOND}`)
    const before = pods.look()
    const index = pods.indexOf(0)
    pods.call(path, 'ADD', 0)
    pods.takeIndexAtHome(index)
    pods.call(path, 'DEL', 0)
    expect(pods.indexOf(0)).not.toBe(index)
    expect(sorted(pods.look())).toEqual(sorted(before))
  })

  it.each([
    ['the first, home first', [0], [0, 1]],
    ['the first, home last', [0], [1, 0]],
    ['both, the first home first', [0, 1], [0, 1]],
    ['both, the first home last', [0, 1], [1, 0]],
  ])(
    'has routes over two devices back where other devices took the indexes of %s',
    (_, taken, home) => {
      using pods = new TwoPods()
      batch(
        pods.testbed.host,
        `route add 203.0.113.0/24 ${FIRST} weight 2 ${SECOND} weight 3`,
        `route add 203.0.114.0/24 table 100 ${SECOND} ${FIRST}`,
        `route add 2001:db8:99::/64 ${MULTIPATH.map((hop) => `nexthop ${hop}`).join(' ')}`,
      )
      const before = pods.look()
      const indexes = [0, 1].map((n) => pods.indexOf(n))
      for (const n of [0, 1]) pods.call(path, 'ADD', n)
      for (const n of taken) pods.takeIndexAtHome(indexes[n] ?? 0)
      for (const n of home) pods.call(path, 'DEL', n)
      for (const n of taken) expect(indexes).not.toContain(pods.indexOf(n))
      // What waited for the other device is tried by the next call.
      pods.call(path, 'DEL', 0)
      expect(sorted(pods.look())).toEqual(sorted(before))
      expect(pods.testbed.filesIn('outstanding')).toEqual([])
    },
  )

  it.each([
    ['the first device', [0, 0]],
    ['the second device', [1, 1]],
    ['both, in turn', [0, 1, 0, 1]],
    ['both, the later one first', [0, 1, 1, 0]],
    ['both, the second one first', [1, 0, 1, 0]],
    ['both, the second one first and home last', [1, 0, 0, 1]],
  ])(
    'has the nexthops of an IPv6 route in their order, with their weights, after a loan of %s',
    (_, turns) => {
      using pods = new TwoPods()
      const show = () =>
        pods.testbed
          .onHost('-6 route show to root 2001:db8:99::/48')
          .replaceAll(/ +\n|$/g, '\n')
          .replaceAll(/expires [78]\d\dsec/g, 'expires')
      const hops = MULTIPATH.map((hop) => `nexthop ${hop}`).join(' ')
      pods.testbed.onHost(`route add 2001:db8:99::/64 ${hops}`)
      pods.testbed.onHost(`route add 2001:db8:99:1::/64 expires 880 ${hops}`)
      const before = show()
      expect(before.match(/via .* weight \d+/g)).toEqual([...MULTIPATH, ...MULTIPATH])
      expect(before.match(/expires/g)).toHaveLength(1)
      const isLent = [false, false]
      for (const n of turns) {
        pods.call(path, isLent[n] ? 'DEL' : 'ADD', n)
        isLent[n] = !isLent[n]
      }
      expect(show()).toBe(before)
      expect(pods.testbed.filesIn('outstanding')).toEqual([])
    },
  )

  it('has the nexthops of an IPv6 route in their order, each with the time that it has left', () => {
    using pods = new TwoPods()
    const show = () => pods.testbed.onHost('-6 route show 2001:db8:99::/64')
    const times = () => show().match(/expires \d+/g)
    const hops = MULTIPATH.map((hop) => `nexthop ${hop}`)
    pods.testbed.onHost(`route add 2001:db8:99::/64 expires 900 ${hops.join(' ')}`)
    pods.call(path, 'ADD', 0)
    const others = hops.filter((hop) => hop.includes('eth2')).join(' ')
    pods.testbed.onHost(`route replace 2001:db8:99::/64 expires 7900 ${others}`)
    pods.call(path, 'DEL', 0)
    expect(show().match(/via .* weight \d+/g)).toEqual(MULTIPATH)
    // The kernel tells that of the first one.
    expect(times()).toEqual([expect.stringMatching(/ 8\d\d$/)])
    pods.testbed.onHost('route delete 2001:db8:99::/64 via 2001:db8::1 dev eth1')
    expect(times()).toEqual([expect.stringMatching(/ 7[78]\d\d$/)])
    pods.testbed.onHost('route delete 2001:db8:99::/64 via 2001:db8:2::1 dev eth2')
    expect(times()).toEqual([expect.stringMatching(/ 8\d\d$/)])
  })

  it('has all nexthops of an IPv6 route where the kernel would not take that of the other device now', () => {
    using pods = new TwoPods()
    const hops = MULTIPATH.map((hop) => `nexthop ${hop}`).join(' ')
    pods.testbed.onHost(`route add 2001:db8:99::/64 ${hops}`)
    pods.call(path, 'ADD', 0)
    pods.testbed.onHost('address delete 2001:db8:2::5/64 dev eth2')
    pods.call(path, 'DEL', 0)
    const shown = pods.testbed.onHost('-6 route show 2001:db8:99::/64')
    const [first, second, third] = MULTIPATH
    expect(shown.match(/via .* weight \d+/g)).toEqual([second, first, third])
  })

  it('keeps what leads through the other device where its pod destroyed the first one', () => {
    using pods = new TwoPods()
    batch(
      pods.testbed.host,
      `route add 203.0.113.0/24 proto static ${FIRST} ${SECOND}`,
      'route add 203.0.114.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5',
    )
    const { stderr: warnings } = pods.tryTo(path, 'ADD', 0)
    // Each device has its name, where it still has one.
    expect(warnings).toContain('via 192.0.2.1 dev eth2')
    expect(warnings).not.toContain('dev #')
    pods.testbed.inPod('link delete net1')
    const { exitCode, stderr } = pods.tryTo(path, 'DEL', 0)
    expect(exitCode).toBe(0)
    const routes = pods.testbed.onHost('route show')
    expect(routes).toMatch(/^203\.0\.113\.0\/24 via 192\.0\.2\.1 dev eth2 proto static *$/m)
    expect(routes).toMatch(/^203\.0\.114\.0\/24 via 192\.0\.2\.1 dev eth2 *$/m)
    expect(routes).not.toContain('proto 76')
    expect(stderr).toMatch(
      /eth1 is destroyed: in place of the route 203\.0\.113\.0\/24 \S* ?.*dev eth1.* the host has 203\.0\.113\.0\/24 via 192\.0\.2\.1 dev eth2/,
    )
  })

  it('has all back after an ADD that ran out of memory, as its roll-back did', () => {
    using pods = new TwoPods()
    batch(
      pods.testbed.host,
      `route add 203.0.113.0/24 ${FIRST} ${SECOND}`,
      'route add 203.0.114.0/24 dev eth2 src 198.51.100.5',
    )
    const before = pods.look()
    let failures = 0
    for (let first = 12; first < 28; first += LONG ? 1 : 2) {
      pods.call(path, 'ADD', 0)
      const inject = `inject=sendto:error=ENOMEM:when=${first}+5`
      const { exitCode } = pods.tryTo(path, 'ADD', 1, tampered('-e', 'trace=sendto', '-e', inject))
      if (exitCode !== 0) failures++
      pods.call(path, 'DEL', 0)
      for (const _ of [1, 2, 3]) pods.tryTo(path, 'DEL', 1)
      pods.call(path, 'DEL', 1)
      expect(sorted(pods.look()), `requests ${first}, ${first + 5}, … failed`).toEqual(
        sorted(before),
      )
    }
    expect(failures).toBeGreaterThan(2)
  }, 120_000)
})
