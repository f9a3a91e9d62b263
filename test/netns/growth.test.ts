import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** One is four times the other. */
const COUNTS = [150, 600]
/** Something that takes as long as the square of the count would be sixteen times the other. */
const MOST_TIMES = 8

/** Of routes through two devices: each is compared with what else is in its place. */
describe('the CPU time of a call', () => {
  let testbed: Testbed
  let there: number
  beforeEach(() => {
    there = 0
    testbed = new Testbed()
    testbed.addDevice('eth2')
    for (const n of [1, 2]) {
      testbed.onHost(`address add 198.51.10${n}.5/24 dev eth${n}`)
      testbed.onHost(`address add 2001:db8:${n}::5/64 dev eth${n} nodad`)
    }
  })
  afterEach(() => testbed[Symbol.dispose]())

  function seconds(command: string, device: string): number {
    const report = `${testbed.stateDirectory}/seconds`
    const variables = { CNI_CONTAINERID: device, CNI_IFNAME: `to-${device}` }
    const { exitCode, stdout } = callPlugin(testbed, COMPILED, command, {
      ...{ wrapper: ['time', '-q', '-f', '%U', '-o', report], variables },
      // All are in one pod, where each needs places of its own.
      configuration: { device, ...(device === 'eth2' ? { routeMetric: 100 } : {}) },
    })
    expect(exitCode, stdout).toBe(0)
    return Number(readFileSync(report, 'utf8'))
  }

  /** Adds routes through the first two devices up to a count. */
  function addRoutes(count: number): void {
    const both = (gateways: string[]) =>
      gateways.map((gateway, n) => `nexthop via ${gateway} dev eth${n + 1}`).join(' ')
    const lines = Array.from({ length: count }, (_, n) => [
      `route add 10.${n >> 8}.${n & 255}.0/24 ${both(['198.51.101.1', '198.51.102.1'])}`,
      `route add fd00:${n.toString(16)}::/32 ${both(['2001:db8:1::1', '2001:db8:2::1'])}`,
    ])
    batch(testbed.host, ...lines.slice(there).flat())
    there = count
  }

  /** @returns the seconds of each call */
  function lendBoth(count: number): Record<string, number> {
    addRoutes(count)
    const before = testbed.hostState()
    const taken = {
      'ADD of the first': seconds('ADD', 'eth1'),
      'ADD of the second': seconds('ADD', 'eth2'),
      'DEL of the first': seconds('DEL', 'eth1'),
      'DEL of the second': seconds('DEL', 'eth2'),
    }
    const sorted = (text: string) => text.split('\n').toSorted()
    expect(sorted(testbed.hostState())).toEqual(sorted(before))
    return taken
  }

  it(`grows with the number of routes, from ${COUNTS.join(' to ')}, and not with its square`, () => {
    requireGrowth(COUNTS.map(lendBoth))
  }, 120_000)

  it('does not grow with routes over several other devices', () => {
    testbed.addDevice('eth3')
    testbed.onHost('address add 198.51.103.5/24 dev eth3')
    const lend = () => {
      const added = seconds('ADD', 'eth3')
      seconds('DEL', 'eth3')
      return added
    }
    const without = lend()
    addRoutes(10_000)
    expect(lend()).toBeLessThan(4 * Math.max(without, 0.05))
  }, 60_000)

  it('grows with the number of routes of another device in one place, with its address as their source', () => {
    // The device has the connected route there.
    const shared = '198.51.101.0/24'
    const lend = (count: number): Record<string, number> => {
      const first = there
      const lines = Array.from({ length: count - first }, (_, n) => {
        const [high, low] = [(n + first) >> 7, (n + first) & 127]
        return `route append ${shared} via 10.9.${high}.${low + 10} dev eth2 src 198.51.101.5`
      })
      batch(testbed.host, ...lines)
      there = count
      const inPlace = () => testbed.onHost(`route show ${shared}`).split('\n').toSorted()
      const before = inPlace()
      const taken = { ADD: seconds('ADD', 'eth1'), DEL: seconds('DEL', 'eth1') }
      expect(inPlace()).toEqual(before)
      return taken
    }
    testbed.onHost('address add 10.9.255.1/16 dev eth2')
    requireGrowth(COUNTS.map(lend))
  }, 120_000)
})

function requireGrowth([few, many]: Record<string, number>[]): void {
  for (const [what, seconds] of Object.entries(many ?? {})) {
    // What takes no longer than the clock can tell has not grown.
    const least = Math.max(few?.[what] ?? 0, 0.05)
    expect(seconds / least, what).toBeLessThan(MOST_TIMES)
  }
}
