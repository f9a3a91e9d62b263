import { Failure } from '../failure.js'
import type { KernelError } from '../kernel/kernel-error.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { addAddresses } from './apply-addresses.js'
import { addRoutes } from './apply-routes.js'
import type { StateToApply } from './carried.js'
import { describeAddress, describeRoute } from './describe.js'

/** Something the kernel would not add, spelled as `ip` would. */
export interface Refusal {
  what: string
  error: KernelError
}

/**
 * Gives a device of a place its addresses and routes. The device must be up: the
 * kernel takes no route through one that is down.
 * @param former the device as it was when the state was captured
 * @returns what the kernel refused, in the order it was tried
 */
export function tryToApply(
  place: Place,
  former: Link,
  device: Link,
  state: StateToApply,
): Refusal[] {
  const addresses = addAddresses(place.socket, former, device, state.addresses)
  const routes = addRoutes(place.socket, former, device, state.routes)
  return [
    ...addresses.map(({ value, error }) => ({ what: `address ${describeAddress(value)}`, error })),
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
export function applyState(place: Place, former: Link, device: Link, state: StateToApply): void {
  const [first] = tryToApply(place, former, device, state)
  if (first)
    throw new Failure(
      'kernel-refused',
      `cannot add ${first.what} to ${device.name} in ${place.name}: ${first.error.message}`,
    )
}
