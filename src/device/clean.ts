import { type Failure, leftDown } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { MadeDevice } from '../kernel/namespace-sysfs.js'
import { canBeRestored, driverDifference } from '../kernel/netlink/driver-settings.js'
import { findLink, findLinkAt } from '../kernel/netlink/link.js'
import { changeLink, type LinkChange, removalRequest } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { settableDifference } from '../kernel/netlink/link-settable.js'
import { warn } from '../log.js'
import { wakeUp, withIpv4 } from './after-move.js'
import { restoreFeatures } from './features.js'
import type { LocatedDevice } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'
import { removeProgramsOfPod } from './programs.js'
import { resembles } from './resemblance.js'

/** How often a device may differ again from what it was just set to. */
const MOST_ATTEMPTS = 3

/** How often devices are removed while others are made, or renamed so that one reading misses them. */
const MOST_REMOVALS = 3

/**
 * Removes the devices that were made on a lent device in its sandbox, such as a macvlan. They would
 * go on to read and answer its traffic, and no move ends that. A macvlan of the host that is lent
 * itself stays where it is, and works on: its own DEL brings it home. Netlink is not asked which they are:
 * a pod decides how long the answer is.
 * @param othersLent is asked only if there are some
 * @returns removes those that have been made meanwhile, once the device is home and nothing can be made
 *   on it any more
 */
export function removeDevicesOn(
  { namespace, link }: LocatedDevice,
  lent: LentDevice,
  othersLent: () => LentDevice[],
): (home: Link) => void {
  const { sysfs } = namespace
  const identity = lent.identity ?? sysfs?.identityOf(link)
  let youngest = 0
  for (let attempt = 0; sysfs && identity && attempt < MOST_REMOVALS; attempt++) {
    const made = sysfs.devicesOn(link, identity)
    youngest = Math.max(youngest, ...made.map(({ inode }) => inode))
    if (made.length === 0 || !remove(namespace, link, made, othersLent())) break
  }
  return (home) => {
    if (youngest === 0) return
    // What has this index beneath may be on another device with it, in another namespace.
    const made = sysfs?.devicesOnIndex(home.index).filter(({ inode }) => inode > youngest) ?? []
    remove(namespace, link, made, othersLent())
  }
}

/** @returns whether there was one to remove, and all are removed */
function remove(
  namespace: NetworkNamespace,
  { name }: Link,
  devices: MadeDevice[],
  others: LentDevice[],
): boolean {
  const { socket } = namespace
  const isLent = ({ index, inode }: MadeDevice) =>
    others.some(({ identity, onHost }) => {
      if (identity) return identity.inode === inode
      const link = findLinkAt(socket, index)
      return link !== undefined && resembles(link, onHost)
    })
  const made = devices.filter((device) => !isLent(device))
  const outcomes = socket.requestAll(made.map(({ index }) => removalRequest(index)))
  const refused = outcomes.find((error) => error && !error.is('ENODEV'))
  if (refused) warn(`a device on ${name} in ${namespace.name} stays: ${refused.message}`)
  return made.length > 0 && !refused
}

/** What a pod can set of a link, and the record has, besides `settable`. */
const SETTINGS = [
  'hardwareAddress',
  'broadcastAddress',
  'mtu',
  'linkMode',
  'protocolDown',
  'protocolDownReasons',
] as const

/**
 * What has to be set so that a device is as it was: its MAC and that of broadcasts, MTU, link mode,
 * flags, group, limits, and what its driver takes back.
 * @returns what is to be set first
 */
function changesBack(onHost: Link, now: Link): LinkChange | undefined {
  const settable = settableDifference(onHost.settable, now.settable)
  // A record of an earlier version does not have all of them.
  const differing = SETTINGS.filter(
    (name) => onHost[name] !== undefined && now[name] !== onHost[name],
  )
  const driver = driverDifference(onHost.driverSettings, now.driverSettings)
  const driverSettings = driver && canBeRestored(driver) ? driver : undefined
  if (differing.length === 0 && !settable && !driverSettings) return undefined
  // vxlan takes no MTU in one message with its settings, and these limit the MTU.
  if (driverSettings && differing.includes('mtu')) return { driverSettings }
  return {
    ...Object.fromEntries(differing.map((name) => [name, onHost[name]])),
    ...(settable ? { settable } : {}),
    ...(driverSettings ? { driverSettings } : {}),
  }
}

/**
 * Gives a device that is home and down the MAC, broadcast address, MTU, link mode, flags, group,
 * limits, settings of its driver and offloads that it had, and takes its pod's programs off it.
 * @returns the device as it is now
 * @throws Failure `return-failed`; the device is on the host, down
 */
export function cleanDevice(
  host: NetworkNamespace,
  lent: LentDevice,
  home: PresentLink,
): PresentLink {
  const { onHost } = lent
  removeProgramsOfPod(host, lent, home)
  const link = withIpv4(host, setBack(host, onHost, home))
  warnOfDriver(onHost, link)
  restoreFeatures(host, lent, link)
  return wakeUp(host, onHost, link)
}

function setBack(host: NetworkNamespace, onHost: Link, home: PresentLink): PresentLink {
  let link = home
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const change = changesBack(onHost, link)
    if (!change) return link
    try {
      changeLink(host.socket, link.index, change)
    } catch (error) {
      throw unclean(link, change, (error as Error).message)
    }
    link = findLink(host.socket, { index: link.index }) ?? link
  }
  const change = changesBack(onHost, link)
  if (change) throw unclean(link, change, 'it was set, and is not so')
  return link
}

function warnOfDriver(onHost: Link, { name, driverSettings }: Link): void {
  const left = driverDifference(onHost.driverSettings, driverSettings)
  if (left)
    warn(
      `${name} is home with other settings of ${left.kind} than it had: its pod may have set them`,
    )
}

function unclean({ name }: Link, change: LinkChange, reason: string): Failure {
  const { settable = {}, ...rest } = change
  const names = Object.keys({ ...rest, ...settable }).join(', ')
  return leftDown(
    name,
    `cannot give ${name} back what it had before it was lent (${names}): ${reason}`,
  )
}
