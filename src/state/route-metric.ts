import type { Route } from '../kernel/netlink/route-schema.js'
import { carried } from './reasons.js'
import { metricOf, placeOf } from './routes.js'
import type { Captured, HostNetworkState } from './schema.js'

/** The state, its carried routes with the metric that the sandbox gets. Others keep the host's. */
export function withCarriedMetrics(state: HostNetworkState): HostNetworkState {
  const { routes, routeMetric } = state
  if (routeMetric === undefined) return state
  const giveMetric = givingMetric(carried(routes), routeMetric)
  const adapt = (route: Captured<Route>) =>
    route.leftBehind === undefined ? { ...route, value: giveMetric(route.value) } : route
  return { ...state, routes: routes.map(adapt) }
}

const LARGEST_METRIC = 0xffffffff

/**
 * How carried routes get the metric that the configuration asks for: of the routes to one
 * destination in one table, the best gets it, and the others keep their distance from that one.
 * @param metric if absent, routes keep their own
 */
export function givingMetric(carried: Route[], metric?: number): (route: Route) => Route {
  if (metric === undefined) return (route) => route
  const destinationOf = (route: Route) => placeOf({ ...route, priority: 0 })
  const best = new Map<string, number>()
  for (const route of carried) {
    const destination = destinationOf(route)
    best.set(destination, Math.min(best.get(destination) ?? LARGEST_METRIC, metricOf(route)))
  }
  return (route) => {
    const distance = metricOf(route) - (best.get(destinationOf(route)) ?? 0)
    return { ...route, priority: Math.min(metric + distance, LARGEST_METRIC) }
  }
}
