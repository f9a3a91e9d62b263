import { KernelError } from '../kernel/kernel-error.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Neighbor } from '../kernel/netlink/neighbor-schema.js'
import type { Route } from '../kernel/netlink/route-schema.js'
import type { Sysctl } from '../kernel/sysctl.js'

/** Part of a state that the kernel refused: its text in iproute2's notation, and the error. */
export interface Refusal {
  what: string
  reason: string
  /** The route, if another one has its place. */
  displaced?: Route
  part?: Part
  /**
   * When the kernel may take it: a moment later, or once something else is there, such as another
   * device. Absent for what cannot or must not be there, however often it is tried.
   */
  again?: 'soon' | 'later'
}

/** What was refused, to try it again. */
export type Part =
  | { kind: 'address'; value: Address }
  | { kind: 'route'; value: Route }
  | { kind: 'neighbour'; value: Neighbor }
  | { kind: 'nexthop object'; id: number }
  | { kind: 'sysctl'; value: Sysctl }
  | { kind: 'token' }
  | { kind: 'everything' }

/**
 * A refusal of the kernel.
 * @param part what is tried again; not if another thing is in its place
 */
export function refusal(what: string, error: Error, part?: Part): Refusal {
  const isPassing = error instanceof KernelError && error.isPassing
  return {
    what,
    reason: error.message,
    ...(part ? { part } : {}),
    ...(part && !isFinal(error) ? { again: isPassing ? 'soon' : 'later' } : {}),
  }
}

/** Whether the same is refused however often it is tried. Of another class, an error is not the kernel's. */
export function isFinal(error: Error): boolean {
  return !(error instanceof KernelError) || error.is('EEXIST')
}
