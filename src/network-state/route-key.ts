import type { Route } from '../kernel/objects/route.js'

/** What tells one route of a device from another: two with the same key are the same route. */
export function routeKey(route: Route): string {
  const { family, destination, source, table, typeOfService, priority, type } = route
  const gateways = route.hops.map(({ gateway, via }) => gateway ?? via?.address)
  return JSON.stringify([
    ...[family, destination, source, table, typeOfService, priority, type],
    ...gateways,
  ])
}
