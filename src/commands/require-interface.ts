import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'

/**
 * The interface that another plugin of the chain made.
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
