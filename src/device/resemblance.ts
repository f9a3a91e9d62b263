import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink, findLinkAt, findLinkThat, unlessUnreadable } from '../kernel/netlink/link.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import type { LentDevice } from './lent-device-schema.js'

/*
 * What is left to compare where a record has no identity: it was written by an earlier version, or
 * before Linux 5.2, or without CAP_SYS_ADMIN. A bus address together with a permanent MAC decides alone.
 */

/**
 * Whether a link may be the one that was lent: the same hardware, or the same MAC and something else
 * that is the same. Not the MAC alone: a vlan, macvlan or ipvlan has that of its parent. Nor the bus
 * address alone: all ports of a NIC may have it.
 */
export function resembles(link: Link, onHost: Link): boolean {
  return (
    hasItsAddress(link, onHost) &&
    ((onHost.parentDevice !== undefined && onHost.permanentAddress !== undefined) ||
      link.alias === onHost.name ||
      link.index === onHost.index ||
      link.name === onHost.name)
  )
}

/**
 * Whether two links have the same bus address and permanent MAC. Neither can be changed, but several
 * ports of a NIC may have the same, and none of them a permanent MAC.
 */
export function isSameHardware(link: Link, onHost: Link): boolean {
  return (
    hasHardware(onHost) &&
    link.parentDevice === onHost.parentDevice &&
    link.permanentAddress === onHost.permanentAddress
  )
}

/** Whether a device has anything that its pod cannot change. */
export function hasHardware({ parentDevice, permanentAddress }: Link): boolean {
  return parentDevice !== undefined || permanentAddress !== undefined
}

/** Finds a lent device by what it resembles. */
export function findResembling(
  namespace: NetworkNamespace,
  lent: LentDevice,
): PresentLink | undefined {
  return (
    findByIndex(namespace, lent) ?? findByName(namespace, lent) ?? findByAddress(namespace, lent)
  )
}

/** A device keeps its index on a move, unless the index is taken in the new namespace. */
function findByIndex(
  { socket }: NetworkNamespace,
  { onHost }: LentDevice,
): PresentLink | undefined {
  const link = findLinkAt(socket, onHost.index)
  return link && (resembles(link, onHost) || hasItsAlias(link, onHost)) ? link : undefined
}

/** The alias that ADD set distinguishes it from another device of that name. */
function findByName(
  { socket }: NetworkNamespace,
  { onHost, nameInSandbox }: LentDevice,
): PresentLink | undefined {
  const link = unlessUnreadable(() => findLink(socket, { name: nameInSandbox }))
  return link && hasItsAlias(link, onHost) ? link : undefined
}

/** For a device that was renamed in the sandbox. */
function findByAddress(
  { socket }: NetworkNamespace,
  { onHost }: LentDevice,
): PresentLink | undefined {
  return unlessUnreadable(() => findLinkThat(socket, (link) => resembles(link, onHost)))
}

/** Whether two links have the same bus address and permanent MAC, or else the same MAC. */
function hasItsAddress(link: Link, onHost: Link): boolean {
  if (hasHardware(onHost)) return isSameHardware(link, onHost)
  return link.hardwareAddress !== '' && link.hardwareAddress === onHost.hardwareAddress
}

/** An alias says nothing of a device that has more to compare. */
function hasItsAlias(link: Link, onHost: Link): boolean {
  return !hasHardware(onHost) && link.alias === onHost.name
}
