import fc from 'fast-check'
import { describe, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { LONG } from '../support/length.js'
import { live } from '../support/life/live.js'
import { lifePlan } from '../support/life/steps.js'

/** Of both artefacts together: 500 in long, 50 in short. */
const LIVES = LONG ? 60 : 6

/**
 * A random sequence of calls of the plugin, with what pods, an administrator, other plugins and the
 * node do in between. After each step nothing is lost, and nothing of anybody else's has changed.
 */
describe.concurrent.each(ARTEFACTS)('$artefact', ({ path }) => {
  it(`leads ${LIVES} lives without losing anything`, async () => {
    const property = fc.asyncProperty(lifePlan, (plan) => live(plan, path))
    await fc.assert(property, {
      numRuns: LIVES,
      // Before the test itself is out of time: then it would not say which life it was.
      interruptAfterTimeLimit: 280_000,
      markInterruptAsFailure: true,
    })
  }, 300_000)
})
