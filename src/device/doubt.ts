import { timeLeft } from '../deadline.js'

/** How long the kernel may take to hand back the device of a sandbox that died. */
const HANDBACK_MILLISECONDS = 5000
/**
 * How long the search for a virtual device goes on without a trace of it: a pod may move the device
 * from namespace to namespace. The kernel's count is no trace: it often has devices of namespaces
 * that the kernel is ending.
 */
const EVASION_MILLISECONDS = 1000
/** Number of searches for such a device: it evades about every second one. */
const EVADED_SEARCHES = 16
/**
 * Searches in a row after which the kernel must count no more devices than were seen. While others
 * come, go and move, one search may see a device that is gone by the time of the count, or see it twice.
 */
const AGREEING_SEARCHES = 3
/** How long a trace shows that a pod moves the device. A destroyed device leaves no more traces. */
const FRESH_MILLISECONDS = 2000

const EVADES = 'it is being moved from one namespace to another'
const HIDDEN = 'no process, thread, open file or mount is seen to lead to its namespace'

/** What a search saw that did not find the device. */
export interface Unfound {
  /** How many other devices hang on the same hardware. */
  siblings: number
  /** Whether the device got away. */
  evades: boolean
  /** What could not be searched. */
  obstacle: string | undefined
}

/** What is to be done after a search. Of a device without a trace, no more is known than that. */
export type Verdict =
  | 'destroyed'
  | 'without a trace'
  | 'search at once'
  | 'search later'
  | { mayExist: string }

/** Decides from searches that did not find a device whether it was destroyed. */
export class Doubt {
  readonly #isVirtual: boolean
  readonly #evasionEnd: number
  readonly #handbackEnd: number
  #now: number
  /** Searches in a row after which the kernel counted no more devices than were seen. */
  #agreeing = 0
  /** All others. */
  #searches = 0
  #lastTrace: number | undefined
  #obstacle: string | undefined

  constructor(isVirtual: boolean) {
    this.#isVirtual = isVirtual
    this.#now = monotonicNow()
    this.#evasionEnd = this.#now + timeLeft(EVASION_MILLISECONDS)
    this.#handbackEnd = this.#now + timeLeft(HANDBACK_MILLISECONDS)
  }

  /** @param count how many devices the kernel counts on the same hardware, in all namespaces */
  note({ siblings, evades, obstacle }: Unfound, count: number): void {
    this.#now = monotonicNow()
    if (obstacle === undefined && !evades && count <= siblings) {
      this.#agreeing++
      return
    }
    this.#agreeing = 0
    this.#searches++
    this.#obstacle = obstacle
    if (evades) this.#lastTrace = this.#now
  }

  verdict(): Verdict {
    if (this.#agreeing === AGREEING_SEARCHES) return 'destroyed'
    if (this.#agreeing > 0) return 'search at once'
    const isTraceless =
      this.#isVirtual && this.#lastTrace === undefined && this.#searches >= EVADED_SEARCHES
    if (this.#now <= (isTraceless ? this.#evasionEnd : this.#handbackEnd)) return 'search later'
    const mayExist = this.#obstacle ?? this.#whereItMayBe()
    return mayExist === undefined ? 'without a trace' : { mayExist }
  }

  #whereItMayBe(): string | undefined {
    const sinceTrace = this.#now - (this.#lastTrace ?? Number.NEGATIVE_INFINITY)
    if (sinceTrace < FRESH_MILLISECONDS) return EVADES
    return this.#isVirtual ? undefined : HIDDEN
  }
}

/** In milliseconds: no change of the clock moves it. */
function monotonicNow(): number {
  return process.uptime() * 1000
}
