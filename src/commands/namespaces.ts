import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Call } from './call.js'

/** The host and the sandbox of a call. Both stay open until they are disposed. */
export interface Namespaces extends Disposable {
  host: NetworkNamespace
  sandbox: NetworkNamespace
}

/**
 * Opens the host and the sandbox of a call.
 * @throws Failure `sandbox-invalid` if CNI_NETNS is no network namespace, or is the host itself
 */
export function openNamespaces(call: Call): Namespaces {
  const host = NetworkNamespace.host()
  try {
    const sandbox = host.open(call.environment.netns)
    const dispose = () => {
      sandbox[Symbol.dispose]()
      host[Symbol.dispose]()
    }
    if (!isSandboxOverridden(call) && sandbox.equals(host)) {
      sandbox[Symbol.dispose]()
      throw sandboxIsHost()
    }
    return { host, sandbox, [Symbol.dispose]: dispose }
  } catch (error) {
    host[Symbol.dispose]()
    throw error
  }
}

/**
 * Refuses a sandbox that is the host. A sandbox that no longer exists is not an error.
 * @throws Failure `sandbox-invalid`
 */
export function requireSandboxIsNotHost(call: Call): void {
  if (isSandboxOverridden(call)) return
  using host = NetworkNamespace.host()
  if (host.isAt(call.environment.netns)) throw sandboxIsHost()
}

/**
 * Opens a sandbox that may no longer exist. Undefined if there is no network namespace at the path.
 */
export function openIfThere(host: NetworkNamespace, path: string): NetworkNamespace | undefined {
  try {
    return host.open(path)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'sandbox-invalid') return undefined
    throw error
  }
}

/**
 * Finds the interface that an earlier plugin of the chain created.
 * @throws Failure `device-not-found`
 */
export function requireInterface(sandbox: NetworkNamespace, name: string): Link {
  const link = findLink(sandbox.socket, { name })
  if (link) return link
  throw new Failure(
    'device-not-found',
    `cannot apply anything to ${name}: there is no such interface in ${sandbox.name}`,
    'nothing was changed; a plugin before this one in the chain should have made it',
  )
}

/** The CNI library's variable that allows a sandbox that is the host. */
function isSandboxOverridden({ environment }: Call): boolean {
  return ['1', 'true'].includes(environment.netnsOverride.toLowerCase())
}

function sandboxIsHost(): Failure {
  return new Failure(
    'sandbox-invalid',
    "plugin's netns and netns from CNI_NETNS should not be the same",
  )
}
