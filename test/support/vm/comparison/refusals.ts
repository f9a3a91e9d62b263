import { batch } from '../../batch.js'
import type { Container, Mover } from '../movers/mover.js'
import type { Fixture } from './fixture.js'
import { lossOf } from './loss.js'
import { type Outcome, outcomeOfEach, YES } from './outcome.js'
import { type Snapshot, snapshotOf } from './snapshot.js'

/** How a container did not start. */
export interface Refusal {
  readonly outcome: Outcome
  /** What the mover said, if it said anything. */
  readonly said: string | undefined
}

/** The device that is to come to no harm: it has something to lose. */
const LENT = {
  device: 'lent',
  made: [
    'link set $ up',
    'address add 198.19.0.5/24 dev $',
    'address add 2001:db8:2::5/64 nodad dev $',
    'route add 203.0.113.0/24 via 198.19.0.1',
    'neighbour add 198.19.0.1 lladdr 02:00:00:00:00:01 nud permanent dev $',
  ],
}

/** Tries what has to be an error, and to leave everything as it was. */
export class Refusals {
  /** The host as it is when the device is at home. */
  private before: Snapshot | undefined

  constructor(
    private readonly fixture: Fixture,
    private readonly mover: Mover,
  ) {}

  takenName(): Refusal {
    batch(this.fixture.testbed.pod, 'link add taken type dummy')
    return this.refuse('taken')
  }

  impossibleNames(): Refusal {
    const names = ['.', '..', 'dev/null', 'valid:name', 'valid name', 'of-16-characters']
    const each = [...names, 'of-17--characters'].map((name) => [name, this.refuse(name)] as const)
    const outcomes = new Map(each.map(([name, { outcome }]) => [`\`${name}\``, outcome]))
    return { outcome: outcomeOfEach(outcomes), said: each[0]?.[1].said }
  }

  missingDevice(): Refusal {
    return this.refuse('net1', { loans: [{ device: 'not-there', as: 'net1' }] })
  }

  hostNetwork(): Refusal {
    // Not every kernel renames a device that is up.
    const { host } = this.fixture.testbed
    this.before ??= this.fixture.make([LENT])
    batch(host, `link set ${LENT.device} down`)
    this.before = snapshotOf(host)
    const refusal = this.refuse('net1', { network: 'host' })
    this.startAfresh()
    return refusal
  }

  failureLater(): Refusal {
    return this.refuse('net1', { failsLater: true })
  }

  /** The kernel's template of a name, of which the specification wants more than an error. */
  template(): Refusal {
    const { outcome, said } = this.refuse('net%d')
    return {
      outcome: said === undefined ? YES : `no: ${outcome === YES ? 'an error' : outcome}`,
      said,
    }
  }

  private refuse(as: string, more: Partial<Container> = {}): Refusal {
    const { fixture, mover } = this
    this.before ??= fixture.make([LENT])
    const container = fixture.container([{ device: LENT.device, as }], more)
    const said = mover.start(container)
    const { host, pod } = fixture.testbed
    const loss = lossOf(LENT.device, this.before, snapshotOf(host), () => snapshotOf(pod))
    if (said === undefined) mover.end(container)
    if (loss !== undefined) this.startAfresh()
    if (said === undefined) return { outcome: 'no error', said }
    return { outcome: loss === undefined ? YES : `an error, but ${loss}`, said }
  }

  private startAfresh(): void {
    this.fixture.clear()
    this.before = undefined
  }
}
