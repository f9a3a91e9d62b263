import { readFileSync } from 'node:fs'
import { Timings } from './statistics.js'

/** Lets the kernel finish what it has been left to do in the background. */
const PAUSE_MILLISECONDS = 80
/**
 * The pause is longer by a random time up to this, two ticks of a kernel with 250 a second. The kernel
 * wakes who waits for a move at a tick. After pauses of whole ticks all calls would start at the same
 * distance from the next one, which favours whoever then is just in time for it.
 */
const RANDOM_MILLISECONDS = 8
const MICROSECONDS_OF_WORK = 1000
/** Above these, what was measured says little of the plugins. */
const MOST_USED_BY_OTHERS = 0.1
const MOST_SPREAD = 1.25

/** What else went on while the bench ran. */
export interface Verdict {
  /** The share of all processors' time that was used by others, the kernel's own work included. */
  usedByOthers: number
  /** How much longer a fixed piece of work took, nine times in ten at most, than at best. */
  spread: number
  tooNoisy: boolean
}

/** Watches the machine. */
export class Noise {
  readonly #work = new Timings()
  readonly #steps = stepsOf(MICROSECONDS_OF_WORK)
  readonly #start = usage()

  /** The pause before something is timed. */
  pause(): void {
    const milliseconds = PAUSE_MILLISECONDS + Math.random() * RANDOM_MILLISECONDS
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
    this.#work.time(() => work(this.#steps))
  }

  get verdict(): Verdict {
    const { all, busy, own } = usage()
    const others = busy - this.#start.busy - (own - this.#start.own)
    const usedByOthers = Math.max(0, others / (all - this.#start.all))
    const spread = this.#work.quantile(0.9) / this.#work.minimum
    const tooNoisy = usedByOthers > MOST_USED_BY_OTHERS || spread > MOST_SPREAD
    return { usedByOthers, spread, tooNoisy }
  }
}

/** The clock's ticks of all processors, those that were used, and those of this process and its children. */
function usage(): { all: number; busy: number; own: number } {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const ticks = first.trim().split(/ +/).slice(1, 9).map(Number)
  const all = ticks.reduce((sum, one) => sum + one, 0)
  const [, , , idle = 0, waiting = 0] = ticks
  const fields = readFileSync('/proc/self/stat', 'utf8').replace(/.*\) /, '').split(' ')
  const own = fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0)
  return { all, busy: all - idle - waiting, own }
}

function work(steps: number): number {
  let sum = 0
  for (let n = 0; n < steps; n++) sum = (sum * 31 + n) | 0
  return sum
}

/** How many steps take about that long. */
function stepsOf(microseconds: number): number {
  const timings = new Timings()
  const steps = 100_000
  for (let n = 0; n < 50; n++) timings.time(() => work(steps))
  return Math.round((steps * microseconds) / (timings.minimum * 1000))
}
