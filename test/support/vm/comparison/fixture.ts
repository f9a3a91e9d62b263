import { batch } from '../../batch.js'
import { runSync } from '../../run-sync.js'
import { Testbed } from '../../testbed.js'
import type { Container, Loan } from '../movers/mover.js'
import { linesFor } from './devices.js'
import { type Snapshot, snapshotOf } from './snapshot.js'

let count = 0

/** A testbed on which one container after the other is started. Dispose it. */
export class Fixture {
  readonly testbed = new Testbed()

  /** Makes devices on the host; what there is then. */
  make(devices: readonly { device: string; made: readonly string[] }[]): Snapshot {
    batch(this.testbed.host, ...devices.flatMap(linesFor))
    return snapshotOf(this.testbed.host)
  }

  /** A container that is yet to be started. */
  container(loans: readonly Loan[], more: Partial<Container> = {}): Container {
    return { testbed: this.testbed, id: `${this.testbed.pod}-${++count}`, loans, ...more }
  }

  /** Takes away whatever devices are still there, and the container's namespace, for a new one. */
  clear(): void {
    const { host, pod } = this.testbed
    const names = snapshotOf(host).devices.map(({ ifname }) => ifname)
    const ours = names.filter((name) => !['lo', 'eth1'].includes(name))
    batch(host, ...ours.map((name) => `link delete ${name}`))
    runSync('ip', ['-batch', '-'], { input: `netns delete ${pod}\nnetns add ${pod}` })
  }

  [Symbol.dispose](): void {
    this.testbed[Symbol.dispose]()
  }
}
