import { batch } from '../../batch.js'
import type { Carrier, Container } from '../carriers/carrier.js'
import { type Cell, cellOfEach, YES } from './cell.js'
import { lossOf } from './loss.js'
import { look, type Sight } from './sight.js'
import type { Stage } from './stage.js'

/** How a container did not start. */
export interface Refusal {
  readonly cell: Cell
  /** What the carrier said, if it said anything. */
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
  private before: Sight | undefined

  constructor(
    private readonly stage: Stage,
    private readonly carrier: Carrier,
  ) {}

  takenName(): Refusal {
    batch(this.stage.testbed.pod, 'link add taken type dummy')
    return this.refuse('taken')
  }

  impossibleNames(): Refusal {
    const names = ['.', '..', 'dev/null', 'valid:name', 'valid name', 'of-16-characters']
    const each = [...names, 'of-17--characters'].map((name) => [name, this.refuse(name)] as const)
    const cells = new Map(each.map(([name, { cell }]) => [`\`${name}\``, cell]))
    return { cell: cellOfEach(cells), said: each[0]?.[1].said }
  }

  missingDevice(): Refusal {
    return this.refuse('net1', { loans: [{ device: 'not-there', as: 'net1' }] })
  }

  hostNetwork(): Refusal {
    // Not every kernel renames a device that is up.
    const { host } = this.stage.testbed
    this.before ??= this.stage.make([LENT])
    batch(host, `link set ${LENT.device} down`)
    this.before = look(host)
    const refusal = this.refuse('net1', { network: 'host' })
    this.startAfresh()
    return refusal
  }

  failureLater(): Refusal {
    return this.refuse('net1', { failsLater: true })
  }

  /** The kernel's template of a name, of which the specification wants more than an error. */
  template(): Refusal {
    const { cell, said } = this.refuse('net%d')
    return { cell: said === undefined ? YES : `no: ${cell === YES ? 'an error' : cell}`, said }
  }

  private refuse(as: string, more: Partial<Container> = {}): Refusal {
    const { stage, carrier } = this
    this.before ??= stage.make([LENT])
    const container = stage.container([{ device: LENT.device, as }], more)
    const said = carrier.start(container)
    const { host, pod } = stage.testbed
    const loss = lossOf(LENT.device, this.before, look(host), () => look(pod))
    if (said === undefined) carrier.end(container)
    if (loss !== undefined) this.startAfresh()
    if (said === undefined) return { cell: 'no error', said }
    return { cell: loss === undefined ? YES : `an error, but ${loss}`, said }
  }

  private startAfresh(): void {
    this.stage.clear()
    this.before = undefined
  }
}
