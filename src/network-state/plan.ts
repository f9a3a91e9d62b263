import { newNeighborRequest } from '../kernel/netlink/neighbor.js'
import type { Request } from '../kernel/netlink/request.js'
import { ruleRequest } from '../kernel/netlink/rule.js'
import type { Address } from '../kernel/objects/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Neighbor } from '../kernel/objects/neighbor.js'
import type { Route } from '../kernel/objects/route.js'
import type { Rule } from '../kernel/objects/rule.js'
import type { Sysctl } from '../kernel/objects/sysctl.js'
import type { Addition } from './addition.js'
import type { StateToApply } from './carried.js'
import { planAddresses } from './plan-addresses.js'
import { planRoutes } from './plan-routes.js'

/** All that gives a device its state, in the order in which it is to be done. */
export interface StatePlan {
  up: boolean
  /** Before the device is up: some decide what it does when it comes up. */
  sysctls: Sysctl[]
  addresses: Addition<Address>[]
  /** To be sent after the addresses: they let duplicate address detection be as it was. */
  detection: Request[]
  rules: Addition<Rule>[]
  routes: Addition<Route>[]
  neighbors: Addition<Neighbor>[]
}

/**
 * Works out what to ask of the kernel, without asking.
 * @param former the device as it was when the state was captured
 * @param device the device that gets the state: its index and name may be others
 */
export function planState(former: Link, device: Link, state: StateToApply): StatePlan {
  return {
    up: state.up,
    sysctls: state.sysctls,
    ...planAddresses(former, device, state.addresses, state.detectDuplicates === true),
    routes: planRoutes(former, device, state.routes),
    neighbors: state.neighbors.map((value) => ({
      value,
      request: newNeighborRequest(asConfigured(value), device.index),
    })),
    rules: state.rules.map((value) => ({
      value,
      request: ruleRequest(aboutDevice(former, device, value), 'add'),
    })),
  }
}

/** The requests that take the carried rules out of a sandbox again. */
export function planRemovalOfRules(former: Link, device: string, rules: Rule[]): Request[] {
  return rules.map((rule) => ruleRequest(aboutDevice(former, { name: device }, rule), 'delete'))
}

/** What was learned is not known to be right any more: it has to be confirmed. */
function asConfigured(neighbor: Neighbor): Neighbor {
  const kept = neighbor.state.filter((state) => state === 'permanent' || state === 'noarp')
  if (kept.length > 0 || neighbor.flags.includes('proxy')) return neighbor
  return { ...neighbor, state: ['stale'] }
}

/** A rule that names the device, with the name it has now. */
export function aboutDevice(former: Link, device: Pick<Link, 'name'>, rule: Rule): Rule {
  const renamed = (name: string | undefined) => (name === former.name ? device.name : name)
  const inputInterface = renamed(rule.inputInterface)
  const outputInterface = renamed(rule.outputInterface)
  return {
    ...rule,
    ...(inputInterface === undefined ? {} : { inputInterface }),
    ...(outputInterface === undefined ? {} : { outputInterface }),
  }
}
