import type { Mover } from '../movers/mover.js'
import { Fixture } from './fixture.js'
import { endWithoutNamespace, lifeOfContainer } from './life.js'
import type { Outcome } from './outcome.js'
import { Refusals } from './refusals.js'

/** What a mover does, by demand. */
export interface Measured {
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** What it said where it refused. */
  readonly said: ReadonlyMap<string, string | undefined>
}

/** Has a mover do everything that is demanded. */
export function measure(mover: Mover): Measured {
  using fixture = new Fixture()
  const life = lifeOfContainer(fixture, mover)
  const refusals = new Refusals(fixture, mover)
  const tries = Object.entries({
    'a name that is taken is an error, nothing is changed': refusals.takenName(),
    'names that cannot be are an error, nothing is changed': refusals.impossibleNames(),
    'a name with `%d`: the kernel picks the number': refusals.template(),
    'a device that is not there is an error': refusals.missingDevice(),
    'a container without a network namespace of its own is an error': refusals.hostNetwork(),
    'a failure after the move brings the device home as it was': refusals.failureLater(),
  })
  const outcomes = new Map(life)
  for (const [demand, { outcome }] of tries) outcomes.set(demand, outcome)
  const end = 'a container whose namespace is gone can be ended'
  outcomes.set(end, endWithoutNamespace(fixture, mover))
  return { outcomes, said: new Map(tries.map(([demand, { said }]) => [demand, said])) }
}
