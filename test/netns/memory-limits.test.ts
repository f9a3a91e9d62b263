import { describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin, type Outcome } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const STEP_BYTES = LONG ? 50_000 : 350_000
const COUNTS = LONG ? [600, 700] : [600]

/** Where a call is refused at once, and where it does all. In less the kernel cannot start it. */
const RANGES = [
  { limit: 'data', least: 2_500_000, most: 8_000_000 },
  { limit: 'as', least: 3_700_000, most: 9_200_000 },
]

/** Routes of which none is like the one before, as a router has them. */
function routes(count: number): string[] {
  return Array.from(
    { length: count },
    (_, n) =>
      `route add 172.${16 + Math.floor(n / 200)}.${n % 200}.0/24 via 198.51.100.${10 + (n % 7)} metric ${n % 13}`,
  )
}

/** What a refusal for a lack of memory must say. */
function expectNoMemory({ exitCode, document, stderr }: Outcome, when: string): void {
  expect({ exitCode, stderr }, when).toEqual({ exitCode: 1, stderr: '' })
  expect(document, when).toMatchObject({
    cniVersion: '1.1.0',
    code: 11,
    msg: 'the call needs more memory than it can have',
    details: expect.stringContaining('ADD was for eth1, as net1 in sandbox'),
  })
}

describe.each(RANGES)('with less and less --$limit', ({ limit, least, most }) => {
  it.each(COUNTS)(
    'an ADD of %i routes is done, or is refused with the device at home',
    (count) => {
      using testbed = new Testbed()
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      batch(testbed.host, ...routes(count))
      const before = testbed.hostState()
      let done = 0
      let undone = 0
      for (let bytes = least; bytes < most; bytes += STEP_BYTES) {
        const when = `--${limit}=${bytes}`
        const outcome = callPlugin(testbed, COMPILED, 'ADD', { wrapper: ['prlimit', when] })
        if (outcome.exitCode === 0) done++
        else {
          expectNoMemory(outcome, when)
          // What it takes to undo an ADD was kept back.
          expect(testbed.hostState(), when).toBe(before)
          if (outcome.document.details.includes('is undone')) undone++
        }
        expect(callPlugin(testbed, COMPILED, 'DEL').exitCode, when).toBe(0)
        expect(testbed.hostState(), when).toBe(before)
      }
      expect(done).toBeGreaterThan(0)
      if (LONG) expect(undone).toBeGreaterThan(0)
    },
    600_000,
  )
})
