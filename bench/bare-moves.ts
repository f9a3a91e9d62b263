import { resolve } from 'node:path'
import { NetworkNamespace } from '../src/kernel/namespace.js'
import { findLink } from '../src/kernel/netlink/link.js'
import { changeLink } from '../src/kernel/netlink/link-change.js'
import { measure } from './measured.js'
import { type Network, prepareDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Timings } from './statistics.js'

const MOVE = resolve('build/move')
const OWN_NAMESPACE = '/proc/self/ns/net'
/** What a DEL of the executable does before its move takes about that long, and an ADD's longer. */
const MILLISECONDS_BEFORE = 3

/** A device on its way, to the sandbox or back. */
interface Way {
  from: string
  to: string
  name: string
  newName: string
}

/** Sends the message. */
interface Sender {
  name: string
  /** Pauses when all else is done. @returns the milliseconds it took */
  move: (way: Way, noise: Noise) => number
  there: Timings
  back: Timings
}

/**
 * What one message takes that moves and renames a device: sent by a process that runs already, and
 * by a program that is started for it, as a plugin is. What the kernel has to do for the start of a
 * process can make its move last longer.
 */
export class BareMoves {
  readonly #senders: Sender[]

  constructor(private readonly network: Network) {
    const sender = (name: string, move: Sender['move']): Sender => ({
      name,
      move,
      there: new Timings(),
      back: new Timings(),
    })
    this.#senders = [
      sender('', moveHere),
      sender('by a new process', (way, noise) => moveAnew(network, way, noise, 0)),
      sender(`by a new process after ${MILLISECONDS_BEFORE} ms`, (way, noise) =>
        moveAnew(network, way, noise, MILLISECONDS_BEFORE),
      ),
    ]
  }

  /** Has each move the device there, and back with an address and a route. */
  runRound(noise: Noise): void {
    const { sandboxName, sandboxPath } = this.network
    const wayThere = { from: OWN_NAMESPACE, to: sandboxPath, name: 'eth1', newName: 'net1' }
    const wayBack = { from: sandboxPath, to: OWN_NAMESPACE, name: 'net1', newName: 'eth1' }
    for (const { move, there, back } of this.#senders) {
      prepareDevices([wayThere.name])
      there.add(move(wayThere, noise))
      prepareDevices([wayBack.name], sandboxName)
      back.add(move(wayBack, noise))
    }
  }

  get rows(): Report['rows'] {
    const row = (call: string, plugin: string, { median, minimum }: Timings) => ({
      call,
      plugin,
      'median ms': median,
      'min ms': minimum,
    })
    return [
      ...this.#senders.map(({ name, there }) => row('one kernel move', name, there)),
      ...this.#senders.map(({ name, back }) => row('one kernel move back', name, back)),
    ]
  }
}

/** Sends it in this process: what is timed is the message alone. */
function moveHere({ from, to, name, newName }: Way, noise: Noise): number {
  using host = NetworkNamespace.host()
  using source = host.open(from)
  using target = host.open(to)
  const index = findLink(source.socket, { name })?.index ?? 0
  const change = { namespaceFd: target.fd, name: newName, up: true }
  const timing = new Timings()
  noise.pause()
  timing.time(() => changeLink(source.socket, index, change))
  return timing.minimum
}

/** Sends it in a process that is started for it: its start and its end are timed, too. */
function moveAnew(
  network: Network,
  { from, to, name, newName }: Way,
  noise: Noise,
  millisecondsBefore: number,
): number {
  noise.pause()
  const command = [MOVE, `${millisecondsBefore}`, from, to, name, newName]
  return measure(network, { command, input: '' }).milliseconds
}
