import { type NetworkNamespace, pathsOfAllNamespaces } from '../kernel/namespace.js'
import { locateForSure, type Whereabouts } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'

/**
 * Looks for a lent device in every network namespace of the node: the path by which
 * a runtime named the sandbox may be gone before the namespace is, and somebody in
 * the sandbox may have moved the device on.
 * @param found is given its whereabouts, while they are open
 * @returns what `found` returned; undefined where the device is nowhere
 */
export function searchNode<T>(
  host: NetworkNamespace,
  lent: LentDevice,
  found: (whereabouts: Whereabouts) => T,
): T | undefined {
  for (const path of pathsOfAllNamespaces()) {
    using place = openUnlessGone(path, host)
    const whereabouts = place && locateForSure(lent, place)
    if (whereabouts) return found(whereabouts)
  }
  return undefined
}

function openUnlessGone(path: string, host: NetworkNamespace): NetworkNamespace | undefined {
  try {
    return host.open(path)
  } catch {
    return undefined
  }
}
