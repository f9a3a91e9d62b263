import type { Testbed } from '../../testbed.js'

/** A device of the testbed's host, and its name in the container. */
export interface Loan {
  readonly device: string
  readonly as: string
}

/** What a mover has to know of a container: its network namespace is there before it. */
export interface Container {
  readonly testbed: Testbed
  readonly id: string
  readonly loans: readonly Loan[]
  /** `host`: it has no network namespace of its own. `pod` if left out. */
  readonly network?: 'host' | 'pod'
  /** Something fails once the devices are there. */
  readonly failsLater?: boolean
}

/** Who puts devices of a host into a container. */
export interface Mover {
  /** The column it has in the table. */
  readonly name: string
  /** What was tried, with its version. */
  readonly version: string
  /** Starts a container with the devices in it; what it says if it cannot. */
  start(container: Container): string | undefined
  /** Ends the container; what it says if it cannot. */
  end(container: Container): string | undefined
}
