import type { Carrier } from '../carriers/carrier.js'
import type { Cell } from './cell.js'
import { endWithoutNamespace, lifeOfContainer } from './life.js'
import { Refusals } from './refusals.js'
import { Stage } from './stage.js'

/** What a carrier does, by demand. */
export interface Measured {
  readonly cells: ReadonlyMap<string, Cell>
  /** What it said where it refused. */
  readonly said: ReadonlyMap<string, string | undefined>
}

/** Has a carrier do everything that is demanded. */
export function measure(carrier: Carrier): Measured {
  using stage = new Stage()
  const life = lifeOfContainer(stage, carrier)
  const refusals = new Refusals(stage, carrier)
  const tries = Object.entries({
    'a name that is taken is an error, nothing is changed': refusals.takenName(),
    'names that cannot be are an error, nothing is changed': refusals.impossibleNames(),
    'a name with `%d`: the kernel picks the number': refusals.template(),
    'a device that is not there is an error': refusals.missingDevice(),
    'a container without a network namespace of its own is an error': refusals.hostNetwork(),
    'a failure after the move brings the device home as it was': refusals.failureLater(),
  })
  const cells = new Map(life)
  for (const [demand, { cell }] of tries) cells.set(demand, cell)
  const end = 'a container whose namespace is gone can be ended'
  cells.set(end, endWithoutNamespace(stage, carrier))
  return { cells, said: new Map(tries.map(([demand, { said }]) => [demand, said])) }
}
