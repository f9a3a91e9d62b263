import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import type { Call } from './call.js'

/** The host and the sandbox of a call, both open until they are disposed. */
export interface Namespaces extends Disposable {
  host: NetworkNamespace
  sandbox: NetworkNamespace
}

/**
 * Opens the host and the sandbox of a call.
 * @throws Failure `sandbox-invalid` where CNI_NETNS is no network namespace, or the host itself
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
 * Refuses a sandbox that is the host. One that is gone is no error.
 * @throws Failure `sandbox-invalid`
 */
export function requireSandboxIsNotHost(call: Call): void {
  if (isSandboxOverridden(call)) return
  using host = NetworkNamespace.host()
  if (host.isAt(call.environment.netns)) throw sandboxIsHost()
}

/** Opens a sandbox that may be gone: undefined where no network namespace is at its path. */
export function openIfThere(host: NetworkNamespace, path: string): NetworkNamespace | undefined {
  try {
    return host.open(path)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'sandbox-invalid') return undefined
    throw error
  }
}

/**
 * Finds the interface that another plugin of the chain made.
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

/** The CNI library's way to allow a sandbox that is the host. */
function isSandboxOverridden({ environment }: Call): boolean {
  return ['1', 'true'].includes(environment.netnsOverride.toLowerCase())
}

function sandboxIsHost(): Failure {
  return new Failure(
    'sandbox-invalid',
    "plugin's netns and netns from CNI_NETNS should not be the same",
  )
}
