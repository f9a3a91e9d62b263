import { Failure } from '../failure.js'
import type { Gvisor } from '../gvisor/gvisor.js'
import type { Ipam } from '../ipam/ipam.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { attachmentRecords } from '../records/attachments.js'
import type { AttachmentKey } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { attachmentOf, type Call, gvisorOf, ipamOf } from './call.js'

/** The host and the sandbox of a call. Both stay open until they are disposed. */
export interface Namespaces extends Disposable {
  host: NetworkNamespace
  sandbox: NetworkNamespace
}

/**
 * Opens the host and the sandbox of a call.
 * @throws Failure `sandbox-gone` if CNI_NETNS is no network namespace, `sandbox-invalid` if it is the
 *   host itself or cannot be opened
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
 * Where ADD looks before it changes anything. `explain` looks in the same way, so that both decide
 * alike.
 */
export interface Ground {
  host: NetworkNamespace
  /** Undefined where `explain` was given none: what depends on it is left out. */
  sandbox: NetworkNamespace | undefined
  gvisor: Gvisor | undefined
}

/** What an ADD works with that changes a sandbox. Its namespaces stay open until it is disposed. */
export interface OpenGround extends Namespaces {
  stateDir: string
  key: AttachmentKey
  ipam: Ipam | undefined
  gvisor: Gvisor | undefined
}

/**
 * Finds the IPAM plugin, and opens the host and the sandbox.
 * @throws Failure `delegate-failed`, `sandbox-gone`, `sandbox-invalid`
 */
export async function openGround(call: Call): Promise<OpenGround> {
  const { stateDir } = call.configuration
  const key = attachmentOf(call)
  const ipam = await ipamOf(call)
  const gvisor = await gvisorOf(call)
  return { ...openNamespaces(call), stateDir, key, ipam, gvisor }
}

/**
 * Refuses a sandbox that is the host, unless the attachment is recorded: then the path led to another
 * namespace, as that of a process does until another one gets its number. A sandbox that no longer exists
 * is not an error.
 * @throws Failure `sandbox-invalid`
 */
export function requireSandboxIsNotHost(call: Call): void {
  if (isSandboxOverridden(call)) return
  using host = NetworkNamespace.host()
  if (!host.isAt(call.environment.netns)) return
  const isRecorded = attachmentRecords(call.configuration.stateDir).read(attachmentOf(call))
  if (!isRecorded) throw sandboxIsHost()
}

/**
 * Opens a sandbox that may no longer exist.
 * @param isFound whether the path is one that a search found, and a pod may own
 * @returns undefined if there is no network namespace at the path
 * @throws Failure `sandbox-invalid` if there may be one, but it cannot be opened
 */
export function openIfThere(
  host: NetworkNamespace,
  path: string,
  isFound = false,
): NetworkNamespace | undefined {
  if (path === '') return undefined
  try {
    return isFound ? host.openFound(path) : host.open(path)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'sandbox-gone') return undefined
    const details =
      'the device may still be there; the record is kept, and a later call tries again'
    throw new Failure(error.kind, error.message, details)
  }
}

/**
 * Opens the sandbox that a record is about, if it still exists at a path. The path may lead to
 * another namespace by now, as that of a process does when another process gets its number.
 * @param isFound as for `openIfThere`
 * @returns undefined if another namespace is there, or none
 * @throws Failure `sandbox-invalid` if it cannot be opened
 */
export function openRecorded(
  host: NetworkNamespace,
  path: string,
  { sandbox }: Pick<AttachmentRecord, 'sandbox'>,
  isFound = false,
): NetworkNamespace | undefined {
  const found = openIfThere(host, path, isFound)
  if (!found) return undefined
  // A record of an earlier version does not say which one it was.
  const isRecorded = sandbox ? found.is(sandbox) : !found.equals(host)
  if (isRecorded) return found
  found[Symbol.dispose]()
  return undefined
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
