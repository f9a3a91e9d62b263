import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const OF_OTHERS = 3000
/** Behind those of the others, and in between. */
const OWN = Array.from({ length: 70 }, (_, n) => [
  `3001:db8:${(n + 1).toString(16)}::/48`,
  ...[1000, 2000].map((first) => `2001:db8:${(first + n).toString(16)}:1::/64`),
]).flat()
const TRIES = 20
/** So many routes of the other device are replaced at a time. */
const CHANGED = 40

const route = (n: number) => `2001:db8:${n.toString(16)}::/48 dev eth2`
const replaced = (from: number, to: number) =>
  Array.from({ length: CHANGED }, (_, n) => [
    `route del ${route(n + from)}`,
    `route add ${route(n + to)}`,
  ]).flat()

const missingFrom = (shown: string) => OWN.filter((one) => !shown.includes(one))

/** Meanwhile routes of another device of the host are replaced without end, as a BGP router does. */
async function whileChanging({ host, stateDirectory }: Testbed, act: () => void) {
  const script = `${stateDirectory}/changes`
  writeFileSync(script, [...replaced(0, 0x4000), ...replaced(0x4000, 0)].join('\n'))
  const loop = `echo there; while :; do ip -6 -force -batch ${script}; done`
  const changes = execa('ip', ['netns', 'exec', host, 'sh', '-c', loop], { reject: false })
  await once(changes.stdout, 'data')
  try {
    act()
  } finally {
    changes.kill()
    await changes
  }
}

/**
 * Of IPv6 routes the kernel leaves some out of a dump, if others are removed and added meanwhile, and does
 * not say so.
 */
describe.each(ARTEFACTS)(
  '$artefact, while the IPv6 routes of another device change,',
  ({ path }) => {
    let testbed: Testbed
    beforeEach(() => {
      testbed = new Testbed()
      testbed.addDevice('eth2')
      testbed.onHost('address add 2001:db8:ffff::5/64 dev eth1 nodad')
      batch(
        testbed.host,
        ...Array.from({ length: OF_OTHERS }, (_, n) => `route add ${route(n)}`),
        ...OWN.map((destination) => `route add ${destination} dev eth1`),
      )
    })
    afterEach(() => {
      // Only now: `ip` misses some, too, while others change.
      const shown = testbed.onHost('-6 route show dev eth1')
      testbed[Symbol.dispose]()
      expect(missingFrom(shown)).toEqual([])
    })

    it(`carries all routes of the device, ${TRIES} times, and brings them home`, async () => {
      await whileChanging(testbed, () => {
        for (let n = 0; n < TRIES; n++) {
          const { exitCode, stdout } = callPlugin(testbed, path, 'ADD')
          expect(exitCode, stdout).toBe(0)
          expect(missingFrom(testbed.inPod('-6 route'))).toEqual([])
          expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
        }
      })
      // Only now: `ip` misses some, too, while others change.
      expect(missingFrom(testbed.onHost('-6 route show dev eth1'))).toEqual([])
    })
  },
)
