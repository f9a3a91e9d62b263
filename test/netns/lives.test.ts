import fc from 'fast-check'
import { describe, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { LONG } from '../support/length.js'
import { live } from '../support/life/live.js'
import { lifePlan } from '../support/life/steps.js'

/** So many tests lead lives at the same time: a life mostly waits. */
const STRANDS = 5
/** Of each strand. */
const LIVES = LONG ? 100 : 10

const MOST_MILLISECONDS = LONG ? 900_000 : 300_000

/**
 * A random sequence of calls of the plugin, with what pods, an administrator, other plugins and the
 * node do in between. After each step nothing is lost, and nothing of anybody else's has changed.
 */
describe.concurrent.each(ARTEFACTS)('$artefact', ({ path }) => {
  const strands = Array.from({ length: STRANDS }, (_, n) => n + 1)

  it.each(strands)(
    `leads ${LIVES} lives without losing anything, strand %i`,
    async () => {
      const property = fc.asyncProperty(lifePlan, (plan) => live(plan, path))
      await fc.assert(property, {
        numRuns: LIVES,
        // Before the test itself is out of time: then it would not say which life it was.
        interruptAfterTimeLimit: MOST_MILLISECONDS - 20_000,
        markInterruptAsFailure: true,
      })
    },
    MOST_MILLISECONDS,
  )
})
