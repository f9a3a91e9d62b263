import { addressesOf, deviceOf, type Entry, has, type Snapshot } from './snapshot.js'

/** What has become of a device that should be on the host as before; undefined if it is. */
export function lossOf(
  name: string,
  before: Snapshot,
  host: Snapshot,
  lookInside: () => Snapshot,
): string | undefined {
  const was = deviceOf(before, name)
  const is = deviceOf(host, name)
  if (is === undefined) {
    const mac = { address: was?.address }
    if (has(lookInside().devices, mac)) return 'it stays in the container'
    return has(host.devices, mac) ? 'it is home under another name' : 'it is gone'
  }
  const addresses = addressesOf(is)
  const lost = {
    'up-state': was?.flags.includes('UP') && !is.flags.includes('UP'),
    addresses: addressesOf(was).some((address) => !addresses.includes(address)),
    routes: anyIsMissing(configured(before.routes, name), host.routes),
    neighbours: anyIsMissing(before.neighbors, host.neighbors),
  }
  const words = Object.entries(lost).flatMap(([part, isLost]) => (isLost ? [part] : []))
  return words.length === 0 ? undefined : `it is home without ${words.join(', ')}`
}

/** The routes of a device that the kernel does not make itself. */
function configured(routes: readonly Entry[], dev: string): Entry[] {
  return routes.filter((route) => route.dev === dev && route.protocol !== 'kernel')
}

function anyIsMissing(before: readonly Entry[], after: readonly Entry[]): boolean {
  return before.some(({ dev, dst, gateway, table, metric, lladdr }) => {
    const parts = { dev, dst, gateway, table, metric, lladdr }
    return !has(after, parts)
  })
}
