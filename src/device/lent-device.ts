import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { NamespaceSysfs } from '../kernel/namespace-sysfs.js'
import { withoutSources } from '../kernel/netlink/driver-settings.js'
import { findLink, findLinkAt, findLinkThat, isUnreadable } from '../kernel/netlink/link.js'
import { changeLink } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { sysfsPathOf } from '../kernel/sysfs.js'
import type { LentDevice } from './lent-device-schema.js'
import { findResembling, isSameHardware, resembles } from './resemblance.js'

/** A device and its present namespace. */
export interface LocatedDevice {
  namespace: NetworkNamespace
  link: PresentLink
}

/**
 * Describes a device of the host for the record, before it is lent.
 * @throws Failure `busy` if it has just left the host
 */
export function describeLentDevice(
  host: NetworkNamespace,
  onHost: Link,
  nameInSandbox: string,
): LentDevice {
  const sysfsPath = sysfsPathOf(onHost.name)
  const identity = host.sysfs?.identityOf(onHost)
  if (host.sysfs && !identity) throw new Failure('busy', `${onHost.name} has just left the host`)
  return {
    onHost,
    nameInSandbox,
    ...(sysfsPath === undefined ? {} : { sysfsPath }),
    ...(identity === undefined ? {} : { identity }),
  }
}

/** Whether two descriptions, both of this boot, are of the same device. */
export function isSameDevice(one: LentDevice, other: LentDevice): boolean {
  if (one.identity && other.identity) return one.identity.inode === other.identity.inode
  return resembles(one.onHost, other.onHost)
}

/** The loan of a device that was described before, if it is one of these. */
export function loanOf<T extends { device: LentDevice }>(
  loans: T[],
  device: LentDevice,
): T | undefined {
  return loans.find((loan) => isSameDevice(loan.device, device))
}

/** Whether a device of the host is the lent one. */
export function isLentDevice(host: NetworkNamespace, link: Link, lent: LentDevice): boolean {
  if (!lent.identity) return resembles(link, lent.onHost)
  return sysfsOf(host, lent).identityOf(link)?.inode === lent.identity.inode
}

/**
 * Finds a lent device in a namespace, whatever name, index, MAC and alias it has there.
 * @throws Failure `kernel-refused` if the namespace cannot be searched
 */
export function findLentDevice(
  namespace: NetworkNamespace,
  lent: LentDevice,
): PresentLink | undefined {
  const { identity } = lent
  if (!identity) return findResembling(namespace, lent)
  const { index } = searched(namespace, lent, () => sysfsOf(namespace, lent).find(identity))
  return index === 0 ? undefined : findLinkAt(namespace.socket, index)
}

/**
 * Finds the network device that the kernel made again for the same hardware, after the NIC was
 * reset or its driver loaded again. Such a device begins its life on the host.
 *
 * A port of the same NIC that was there all the time has the same bus address and directory of sysfs, and
 * may have the same permanent MAC, or none. But the kernel removes that directory with the last device in
 * it, whatever namespace that is in, and inode numbers only grow: where the directory is younger than
 * the lent device, that one is gone, and those that are there now were all made since.
 * @returns undefined also where it may be another port of the NIC
 */
export function findMadeAgain(host: NetworkNamespace, lent: LentDevice): PresentLink | undefined {
  const { identity, onHost } = lent
  if (!identity || onHost.parentDevice === undefined) return undefined
  const sysfs = sysfsOf(host, lent)
  const { inode, count } = sysfs.directoryOf(identity)
  if (inode < identity.inode) return undefined
  const mayBe = (link: Link) =>
    isSameHardware(link, onHost) && sysfs.identityOf(link)?.directory === identity.directory
  const link = findLinkThat(host.socket, mayBe)
  if (!link || count === 1) return link
  if (onHost.permanentAddress === undefined) return undefined
  const isAnother = (other: Link) => other.index !== link.index && mayBe(other)
  return findLinkThat(host.socket, isAnother) ? undefined : link
}

/**
 * The device that has the host name of a lent one. A pod may have given a macvlan more MACs to receive
 * from than the kernel can tell of: at home, where nobody adds any, it forgets them first.
 * @param index of the lent device, if it is on the host; 0 if it has the name there
 */
export function findAtHome(
  host: NetworkNamespace,
  { name, driverSettings }: Link,
  index: number | undefined,
): PresentLink | undefined {
  try {
    return findLink(host.socket, { name })
  } catch (error) {
    const forgetful = driverSettings && withoutSources(driverSettings)
    if (index === undefined || !forgetful || !isUnreadable(error)) throw error
    changeLink(host.socket, index, { ...(index === 0 ? { name } : {}), driverSettings: forgetful })
    return findLink(host.socket, { name })
  }
}

/** Finds a lent device on the host that came there without DEL: the device, or the one made again. */
export function findOnHost(host: NetworkNamespace, lent: LentDevice): PresentLink | undefined {
  return findLentDevice(host, lent) ?? findMadeAgain(host, lent)
}

/**
 * The sysfs of a namespace in which a device is looked for by its identity.
 * @throws Failure `kernel-refused` if it cannot be had
 */
export function sysfsOf(namespace: NetworkNamespace, lent: LentDevice): NamespaceSysfs {
  const sysfs = searched(namespace, lent, () => namespace.sysfs)
  if (sysfs) return sysfs
  throw cannotSearch(namespace, lent, 'this process may not mount its sysfs')
}

function searched<T>(namespace: NetworkNamespace, lent: LentDevice, search: () => T): T {
  try {
    return search()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw cannotSearch(namespace, lent, (error as Error).message)
  }
}

function cannotSearch({ name }: NetworkNamespace, { onHost }: LentDevice, reason: string): Failure {
  return new Failure(
    'kernel-refused',
    `cannot look for ${onHost.name} in ${name}: ${reason}`,
    'nothing was changed; a later call tries again',
  )
}
