import { type Failure, leftDown } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { canBeRestored, driverDifference } from '../kernel/netlink/driver-settings.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink, type LinkChange, removalRequest } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { settableDifference } from '../kernel/netlink/link-settable.js'
import { warn } from '../log.js'
import { wakeUp, withIpv4 } from './after-move.js'
import { restoreFeatures } from './features.js'
import { isLentDevice, type LocatedDevice } from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'
import { removeProgramsOfPod } from './programs.js'

/** How often a device may differ again from what it was just set to. */
const MOST_ATTEMPTS = 3

/**
 * Removes the devices that were made on a lent device in its sandbox, such as a macvlan. They would
 * go on to read and answer its traffic, and no move ends that. A macvlan of the host that is lent
 * itself stays where it is, and works on: its own DEL brings it home.
 * @param othersLent is asked only if there are some
 */
export function removeDevicesOn(
  { namespace, link }: LocatedDevice,
  othersLent: () => LentDevice[],
): void {
  const indexes = namespace.sysfs?.devicesOn(link) ?? []
  if (indexes.length === 0) return
  const loans = othersLent()
  const isMade = (index: number) => {
    const device = findLink(namespace.socket, { index })
    return device && !loans.some((lent) => isLentDevice(namespace, device, lent))
  }
  const made = loans.length === 0 ? indexes : indexes.filter(isMade)
  const outcomes = namespace.socket.requestAll(made.map(removalRequest))
  const refused = outcomes.find((error) => error && !error.is('ENODEV'))
  if (refused) warn(`a device on ${link.name} in ${namespace.name} stays: ${refused.message}`)
}

/** What a pod can set of a link, and the record has, besides `settable`. */
const SETTINGS = [
  ...(['hardwareAddress', 'broadcastAddress', 'mtu', 'linkMode'] as const),
  ...(['protocolDown', 'protocolDownReasons'] as const),
]

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
