import { hasCapability } from '../kernel/capabilities.js'

/** CAP_NET_ADMIN and CAP_SYS_ADMIN. */
const NEEDED_CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n }

/**
 * What this process lacks: it is not root's, or root's in a container without what it needs.
 * @returns undefined if it lacks nothing, or /proc does not say; else "user 1000, not root, without
 *   CAP_NET_ADMIN"
 */
export function missingRights(): string | undefined {
  const user = process.getuid?.() ?? 0
  const missing = missingCapabilities()
  if (missing.length === 0) return undefined
  const who = user === 0 ? 'root' : `user ${user}, not root,`
  return `${who} without ${missing.join(' and ')}`
}

/** What this process cannot look at, and for want of which right: a sentence for each. */
export function unseenForWantOfRights(): string[] {
  const unseen: Record<string, string> = {
    CAP_NET_ADMIN: 'programs that others attached (tcx) were not looked at',
    CAP_SYS_ADMIN:
      'the identity of the device, by which the record of a loan is found, was not looked at',
  }
  return missingCapabilities().map(
    (name) => `this process is without ${name}: ${unseen[name]}, and its own ADD would fail`,
  )
}

function missingCapabilities(): string[] {
  return Object.entries(NEEDED_CAPABILITIES)
    .filter(([, number]) => !hasCapability(number))
    .map(([name]) => name)
}
