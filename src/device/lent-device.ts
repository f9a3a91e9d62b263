import { type NetworkNamespace, pathsOfAllNamespaces } from '../kernel/namespace.js'
import { dumpLinks, findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { sysfsPathOf } from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'

/** A device and its present namespace. */
export interface LocatedDevice {
  namespace: NetworkNamespace
  link: Link
}

/** Describes a device of the host for the record, before it is lent. */
export function describeLentDevice(onHost: Link, nameInSandbox: string): LentDevice {
  const sysfsPath = sysfsPathOf(onHost.name)
  return { onHost, nameInSandbox, ...(sysfsPath === undefined ? {} : { sysfsPath }) }
}

/**
 * Whether two links are the same device, even if they were read at different times or in different
 * namespaces. Compares the parent device's address if there is one, else the permanent MAC, else
 * the MAC.
 */
export function isSameDevice(link: Link, onHost: Link): boolean {
  if (onHost.parentDevice !== undefined) return link.parentDevice === onHost.parentDevice
  if (onHost.permanentAddress !== undefined)
    return link.permanentAddress === onHost.permanentAddress
  return link.hardwareAddress !== '' && link.hardwareAddress === onHost.hardwareAddress
}

/**
 * Finds a lent device in the first of the given namespaces that has it. Put the host first: if the
 * device is already on the host, a similar device in a pod must not be taken.
 */
export function locate(
  lent: LentDevice,
  namespaces: NetworkNamespace[],
): LocatedDevice | undefined {
  for (const namespace of namespaces) {
    const link =
      findByIndex(namespace, lent) ??
      findByName(namespace, lent) ??
      findByIdentity(namespace, lent.onHost)
    if (link) return { namespace, link }
  }
  return undefined
}

/**
 * Searches every network namespace of the node for a lent device. The sandbox's path may be gone
 * while the namespace still exists, or a process in the sandbox may have moved the device to
 * another namespace. Compares only the device's identity, because any namespace may have a device
 * of that name.
 * @param found called with the device while its namespace is open
 * @returns the result of `found`; undefined if the device was not found
 */
export function findInAnyNamespace<T>(
  host: NetworkNamespace,
  { onHost }: LentDevice,
  found: (device: LocatedDevice) => T,
): T | undefined {
  for (const path of pathsOfAllNamespaces()) {
    using namespace = openUnlessGone(host, path)
    const link = namespace && findByIdentity(namespace, onHost)
    if (link) return found({ namespace, link })
  }
  return undefined
}

function openUnlessGone(host: NetworkNamespace, path: string): NetworkNamespace | undefined {
  try {
    return host.open(path)
  } catch {
    return undefined
  }
}

/** A device keeps its index on a move, unless the index is taken in the new namespace. */
function findByIndex({ socket }: NetworkNamespace, { onHost }: LentDevice): Link | undefined {
  const link = findLink(socket, { index: onHost.index })
  return link && (isSameDevice(link, onHost) || link.alias === onHost.name) ? link : undefined
}

/** The alias that ADD set distinguishes it from another device of that name. */
function findByName(
  { socket }: NetworkNamespace,
  { onHost, nameInSandbox }: LentDevice,
): Link | undefined {
  const link = findLink(socket, { name: nameInSandbox })
  return link?.alias === onHost.name ? link : undefined
}

/** For a device that was renamed in the sandbox. */
function findByIdentity({ socket }: NetworkNamespace, onHost: Link): Link | undefined {
  return dumpLinks(socket).find(
    (link) =>
      isSameDevice(link, onHost) &&
      // Not by MAC alone: a vlan or macvlan has the MAC of its parent.
      (link.alias === onHost.name || link.index === onHost.index || link.name === onHost.name),
  )
}
