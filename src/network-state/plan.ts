import type { Request } from '../kernel/netlink/request.js'
import type { Address } from '../kernel/objects/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Route } from '../kernel/objects/route.js'
import type { StateToApply } from './carried.js'
import { planAddresses } from './plan-addresses.js'
import { planRoutes } from './plan-routes.js'

/** Something to add to a device, and the request that adds it. */
export interface Addition<T> {
  value: T
  request: Request
}

/** All requests that give a device its addresses and routes, in order. */
export interface StatePlan {
  addresses: Addition<Address>[]
  /** To be sent after the addresses: they let duplicate address detection be as it was. */
  detection: Request[]
  routes: Addition<Route>[]
}

/**
 * Works out what to ask of the kernel, without asking.
 * @param former the device as it was when the state was captured
 * @param device the device that gets the state: its index and name may be others
 */
export function planState(former: Link, device: Link, state: StateToApply): StatePlan {
  return {
    ...planAddresses(former, device, state.addresses),
    routes: planRoutes(former, device, state.routes),
  }
}
