import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { clear, force } from '../support/host-lines.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { randomRoutesOver } from '../support/random-routes-over.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const RUNS = LONG ? 200 : 15
const DEVICES = [1, 2, 3]
const ADDRESSES = DEVICES.map((n) => `address add 10.${n}.0.1/24 dev eth${n}`)

/** Three devices, each with an address, and a sandbox for each. */
class ThreePods implements Disposable {
  readonly testbed = new Testbed()
  readonly #more = [2, 3].map((n) => `${this.testbed.pod}-${n}`)

  constructor(...lines: string[]) {
    const { testbed } = this
    for (const pod of this.#more) runSync('ip', ['netns', 'add', pod])
    for (const n of [2, 3]) testbed.addDevice(`eth${n}`)
    batch(testbed.host, ...ADDRESSES, ...lines)
  }

  /** @returns the warnings */
  call(path: string, command: string, n: number): string {
    const pod = [this.testbed.pod, ...this.#more][n - 1]
    const { exitCode, stdout, stderr } = callPlugin(this.testbed, path, command, {
      configuration: { device: `eth${n}`, restoreOnDelete: true },
      variables: { CNI_CONTAINERID: `container-${n}`, CNI_NETNS: `/run/netns/${pod}` },
    })
    expect(exitCode, `${command} of eth${n}: ${stdout}`).toBe(0)
    return stderr
  }

  /** The routes that are no connected ones, and the nexthop objects. */
  look(): string[] {
    return ['nexthop', 'route show table all'].flatMap((words) =>
      this.testbed
        .onHost(words)
        .replaceAll(/ *\n\t/g, ' ')
        .split('\n')
        .map((line) => line.trim().replaceAll(/ +/g, ' '))
        .filter((line) => /^id|198\.18\./.test(line)),
    )
  }

  /** What the calls left that waits for others. */
  outstanding(): string[] {
    return this.testbed.filesIn('outstanding')
  }

  [Symbol.dispose](): void {
    for (const pod of this.#more) runSync('ip', ['netns', 'delete', pod])
    this.testbed[Symbol.dispose]()
  }
}

/** Whether each route of a place is told from the others there by its first nexthop. */
function isMovable(routes: string[]): boolean {
  const first = routes.map((line) => `${line.split(' ')[0]} ${/via \S+ dev \S+/.exec(line)?.[0]}`)
  return new Set(first).size === first.length
}

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  it('has the route of a third device with its source back beside another that was away', () => {
    using pods = new ThreePods(
      'route add 198.18.2.2/32 via 10.1.0.5 dev eth1',
      'route append 198.18.2.2/32 via 10.3.0.3 dev eth3 src 10.2.0.1',
    )
    const before = pods.look()
    for (const n of [1, 2]) pods.call(path, 'ADD', n)
    for (const n of [1, 2]) expect(pods.call(path, 'DEL', n)).toBe('')
    expect(pods.look()).toEqual(before)
  })

  it.each([
    [
      [1, 2, 3],
      [1, 3, 2],
    ],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [3, 1, 2],
      [3, 2, 1],
    ],
  ])('has a route by a group of three back, lent as %j and home as %j', (lent, home) => {
    using pods = new ThreePods(
      ...DEVICES.map((n) => `nexthop add id 1${n} via 10.${n}.0.22 dev eth${n}`),
      'nexthop add id 604 group 12,2/13,2/11,4',
      'route add 198.18.0.0/24 tos 4 table 101 proto bgp metric 10000 nhid 604',
    )
    const before = pods.look()
    for (const n of lent) pods.call(path, 'ADD', n)
    const warnings = home.map((n) => pods.call(path, 'DEL', n)).join('')
    expect(pods.look()).toEqual(before)
    expect(pods.outstanding()).toEqual([])
    expect(warnings).not.toContain('stays without')
  })

  it('has random routes over three devices back, in whatever order they were lent and came home', () => {
    const turns = fc.array(fc.constantFrom(...DEVICES), { minLength: 2, maxLength: 7 })
    const home = fc.shuffledSubarray(DEVICES, { minLength: DEVICES.length })
    using pods = new ThreePods()
    const property = fc.property(randomRoutesOver(DEVICES), turns, home, (lines, some, last) => {
      const lent = new Set<number>()
      const turn = (n: number) => {
        pods.call(path, lent.has(n) ? 'DEL' : 'ADD', n)
        if (!lent.delete(n)) lent.add(n)
      }
      try {
        force(pods.testbed.host, lines)
        const before = pods.look()
        for (const n of some) turn(n)
        for (const n of last) if (lent.has(n)) turn(n)
        // One that comes home between stand-ins of others stands after them in their place.
        expect(pods.look().sort()).toEqual(before.sort())
        expect(pods.outstanding()).toEqual([])
      } finally {
        for (const n of lent) pods.call(path, 'DEL', n)
        clear(pods.testbed.host, ['eth1', 'eth2', 'eth3'], [])
        batch(pods.testbed.host, ...ADDRESSES)
      }
    })
    fc.assert(property, { numRuns: RUNS })
  }, 240_000)

  it('has random routes over three devices back in their order after a loan of one', () => {
    using pods = new ThreePods()
    const device = fc.constantFrom(...DEVICES)
    const property = fc.property(randomRoutesOver(DEVICES), device, (lines, n) => {
      try {
        force(pods.testbed.host, lines)
        const before = pods.look()
        for (const command of ['ADD', 'DEL']) pods.call(path, command, n)
        if (isMovable(before)) expect(pods.look()).toEqual(before)
        else expect(pods.look().sort()).toEqual(before.sort())
      } finally {
        pods.call(path, 'DEL', n)
        clear(pods.testbed.host, ['eth1', 'eth2', 'eth3'], [])
        batch(pods.testbed.host, ...ADDRESSES)
      }
    })
    fc.assert(property, { numRuns: RUNS })
  }, 240_000)
})
