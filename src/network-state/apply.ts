import { Failure } from '../failure.js'
import type { KernelError } from '../kernel/kernel-error.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { addAll, addRoutes } from './add-routes.js'
import { describeAddress, describeRoute } from './describe.js'
import type { StatePlan } from './plan.js'

/** Something the kernel would not add, spelled as `ip` would. */
export interface Refusal {
  what: string
  error: KernelError
}

/**
 * Gives a device of a place its addresses and routes. The device must be up: the
 * kernel takes no route through one that is down. What is there already counts as
 * added.
 * @returns what the kernel refused, in the order it was tried
 */
export function tryToApply(place: Place, device: Link, plan: StatePlan): Refusal[] {
  const addresses = addAll(place.socket, plan.addresses)
  place.socket.requestAll(plan.detection)
  const routes = addRoutes(place.socket, device, plan.routes)
  return [
    ...addresses
      .filter(({ error }) => !error.is('EEXIST'))
      .map(({ value, error }) => ({ what: `address ${describeAddress(value)}`, error })),
    ...routes.map(({ value, error }) => ({
      what: `route ${describeRoute(value, device.name)}`,
      error,
    })),
  ]
}

/**
 * Like `tryToApply`, all or nothing.
 * @throws Failure `kernel-refused` that names the first refusal
 */
export function applyState(place: Place, device: Link, plan: StatePlan): void {
  const [first] = tryToApply(place, device, plan)
  if (first)
    throw new Failure(
      'kernel-refused',
      `cannot add ${first.what} to ${device.name} in ${place.name}: ${first.error.message}`,
    )
}
