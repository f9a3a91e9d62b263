import { bounded } from '../bounded.js'
import { Failure, leftDown } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink, type LinkChange } from '../kernel/netlink/link-change.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { radioName } from '../kernel/sysfs.js'
import { Wireless } from '../kernel/wireless.js'
import { findLentDevice, type LocatedDevice } from './lent-device.js'
import type { LentDevice, Radio } from './lent-device-schema.js'

/*
 * The kernel lets a wireless device into another namespace only with its radio, by nl80211, and all
 * devices of the radio with it.
 */

/** Describes the radio of a wireless device of the host. */
export function describeRadio(host: NetworkNamespace, { name, index }: Link): Radio {
  using wireless = new Wireless(host)
  const { radio, type } = wireless.interfaceOf(index)
  return { index: radio, name: radioName(name), interfaceType: type }
}

/**
 * Refuses a device whose radio has others, which would move, too.
 * @throws Failure `device-refused`
 */
export function requireOnlyOneOfRadio(host: NetworkNamespace, device: Link, radio: Radio): void {
  using wireless = new Wireless(host)
  const others = wireless
    .interfacesOf(radio.index)
    .filter(({ index }) => index !== 0 && index !== device.index)
    .map(({ index }) => findLink(host.socket, { index })?.name ?? String(index))
  if (others.length === 0) return
  throw new Failure(
    'device-refused',
    `cannot lend ${device.name}: its radio ${radio.name} would take other devices along: ${bounded(others).join(', ')}`,
    'nothing was changed; remove them first: iw dev NAME del',
  )
}

/**
 * Moves a lent device with its radio, and changes it there.
 * @throws KernelError, or Error if the radio moved without the device; it may then be in either namespace
 */
export function moveWithRadio(
  from: NetworkNamespace,
  to: NetworkNamespace,
  lent: LentDevice,
  radio: Radio,
  change: LinkChange,
): void {
  {
    using wireless = new Wireless(from)
    wireless.move(radio.index, to)
  }
  const link = findLentDevice(to, lent)
  if (!link) throw new Error(`its radio was moved to ${to.name}, but it is not there`)
  changeLink(to.socket, link.index, change)
}

/**
 * Brings a lent device home with its radio, and changes it there. What its pod made on the radio is
 * removed first: its names are the pod's, and may be in the way on the host.
 * @throws as `moveWithRadio`
 */
export function returnWithRadio(
  host: NetworkNamespace,
  lent: LentDevice,
  radio: Radio,
  { namespace, link }: LocatedDevice,
  change: LinkChange,
): void {
  {
    using wireless = new Wireless(namespace)
    removeOthers(wireless, radio.index, link)
  }
  moveWithRadio(namespace, host, lent, radio, change)
}

function removeOthers(wireless: Wireless, radio: number, own: Link): void {
  for (const { index } of wireless.interfacesOf(radio))
    if (index !== 0 && index !== own.index) wireless.remove(index)
}

/**
 * Removes from the radio of a device that is home and down what its pod made there, and gives both what
 * they were: the radio its name, and the device its type, such as a station.
 * @throws Failure `return-failed`; the device is on the host, down
 */
export function cleanRadio(host: NetworkNamespace, home: Link, radio: Radio): void {
  try {
    using wireless = new Wireless(host)
    // Another number than before, if the hardware was reset.
    const { radio: number } = wireless.interfaceOf(home.index)
    removeOthers(wireless, number, home)
    wireless.setType({ index: home.index, type: radio.interfaceType })
    wireless.setName(number, radio.name)
  } catch (error) {
    throw leftDown(
      home.name,
      `cannot give the radio of ${home.name} back what it had before it was lent: ${(error as Error).message}`,
    )
  }
}
