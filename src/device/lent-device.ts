import { type NetworkNamespace, pathsOfAllNamespaces } from '../kernel/namespace.js'
import { dumpLinks, findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { sysfsPathOf } from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'

/** A device, and the namespace it is in now. */
export interface LocatedDevice {
  namespace: NetworkNamespace
  link: Link
}

/** Describes a device of the host that is to be lent under a name. */
export function describeLentDevice(onHost: Link, nameInSandbox: string): LentDevice {
  const sysfsPath = sysfsPathOf(onHost.name)
  return { onHost, nameInSandbox, ...(sysfsPath === undefined ? {} : { sysfsPath }) }
}

/**
 * Whether two links, seen at different times or in different namespaces, are the same device.
 * Its bus address decides, else its permanent MAC address, else its MAC address.
 */
export function isSameDevice(link: Link, onHost: Link): boolean {
  if (onHost.parentDevice !== undefined) return link.parentDevice === onHost.parentDevice
  if (onHost.permanentAddress !== undefined)
    return link.permanentAddress === onHost.permanentAddress
  return link.hardwareAddress !== '' && link.hardwareAddress === onHost.hardwareAddress
}

/**
 * Finds a lent device in the first of the namespaces that has it. The host should come first:
 * what looks like a device that is at home must not be taken from a pod.
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
 * Looks for a lent device in every network namespace of the node. The sandbox may live on
 * after its path is gone, and a process in the sandbox may have moved the device on. Only the
 * identity of the device counts here, since any namespace may have a device of that name.
 * @param found is called with the device while its namespace is open
 * @returns what `found` returned; undefined where the device is nowhere
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

/** A device keeps its index in another namespace, unless the index is taken there. */
function findByIndex({ socket }: NetworkNamespace, { onHost }: LentDevice): Link | undefined {
  const link = findLink(socket, { index: onHost.index })
  return link && (isSameDevice(link, onHost) || link.alias === onHost.name) ? link : undefined
}

/** The alias it was lent with tells it from another device of that name. */
function findByName(
  { socket }: NetworkNamespace,
  { onHost, nameInSandbox }: LentDevice,
): Link | undefined {
  const link = findLink(socket, { name: nameInSandbox })
  return link?.alias === onHost.name ? link : undefined
}

/** A device that was renamed in the sandbox still has its identity. */
function findByIdentity({ socket }: NetworkNamespace, onHost: Link): Link | undefined {
  return dumpLinks(socket).find(
    (link) =>
      isSameDevice(link, onHost) &&
      // A vlan or macvlan has the MAC address of the device it is made on.
      (link.alias === onHost.name || link.index === onHost.index || link.name === onHost.name),
  )
}
