import type { Address } from '../kernel/objects/address.js'
import type { Route } from '../kernel/objects/route.js'
import type { Captured, HostNetworkState } from './model-schema.js'
import { REASONS } from './reasons.js'

/** Addresses and routes to be given to a device, in the kernel's order. */
export interface StateToApply {
  addresses: Address[]
  routes: Route[]
}

/** What goes with the device into the sandbox: of a multipath route, its own hops. */
export function carriedState(state: HostNetworkState, deviceIndex: number): StateToApply {
  const carried = select(state, ({ leftBehind }) => leftBehind === undefined)
  const throughDevice = (route: Route) => ({
    ...route,
    hops: route.hops.filter((hop) => hop.interfaceIndex === deviceIndex),
  })
  return { addresses: carried.addresses, routes: carried.routes.map(throughDevice) }
}

/** What the device must get back on the host: all but what the kernel makes by itself. */
export function stateToRestore(state: HostNetworkState): StateToApply {
  return select(
    state,
    ({ leftBehind }) => leftBehind === undefined || !REASONS[leftBehind].kernelMakesIt,
  )
}

function select(
  state: HostNetworkState,
  wanted: (captured: Captured<unknown>) => boolean,
): StateToApply {
  return {
    addresses: state.addresses.filter(wanted).map(({ value }) => value),
    routes: state.routes.filter(wanted).map(({ value }) => value),
  }
}
