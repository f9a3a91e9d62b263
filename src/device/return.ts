import { Failure, leftDown } from '../failure.js'
import { KernelError } from '../kernel/kernel-error.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { changeLink, type LinkChange } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { wakeUp } from './after-move.js'
import { removeForeignNames, restoreNames } from './alternative-names.js'
import { cleanDevice, removeDevicesOn } from './clean.js'
import {
  findAtHome,
  findLentDevice,
  isLentDevice,
  type LocatedDevice,
  sysfsOf,
} from './lent-device.js'
import type { LentDevice } from './lent-device-schema.js'
import { cleanRadio, returnWithRadio } from './radio.js'
import { hasHardware, isSameHardware } from './resemblance.js'

interface ReturnOptions {
  /** Whether to bring the device up, if it was up when it was lent; default true. */
  bringUp?: boolean
  /** The other devices that are lent; default none. */
  othersLent?: () => LentDevice[]
  /** Waits until no other call returns a device; default: that is so. */
  alone?: () => void
}

/**
 * Returns a lent device to the host under its own name and alias. The device may be in a sandbox.
 * It may also be on the host under another name, if the kernel put it there when its sandbox died.
 * It comes home down. The pod may have put another device in its place meanwhile, so it comes up
 * only once it was recognised on the host. Another device is put back.
 * @returns the device on the host
 * @throws Failure `return-failed`; the device is then where it was, or on the host and down
 */
export function returnDevice(
  host: NetworkNamespace,
  lent: LentDevice,
  located: LocatedDevice,
  options: ReturnOptions = {},
): PresentLink {
  const { bringUp = true, othersLent = () => [] } = options
  const { onHost, radio } = lent
  const { namespace, link } = located
  const failed = (reason: string) => moveFailure(host, lent, located, reason)
  freeNameOnHost(host, lent, located, options)
  removeForeignNames(host, located, onHost)
  const removeSince = namespace === host ? undefined : removeDevicesOn(located, lent, othersLent)
  try {
    const alias = onHost.alias ?? ''
    const change = { name: onHost.name, alias }
    // It may be up, and before Linux 6.2 such a device takes no name, not even its own.
    const hasName = namespace === host && link.name === onHost.name
    if (namespace === host) changeLink(host.socket, link.index, hasName ? { alias } : change)
    else if (radio) returnWithRadio(host, lent, radio, located, change)
    else moveHome(namespace, link, onHost.index, { ...change, namespaceFd: host.fd })
  } catch (error) {
    throw failed((error as Error).message)
  }
  let returned = findAtHome(host, onHost, 0)
  if (!returned) throw failed('it was moved, but is not there')
  if (namespace !== host) {
    requireRecognised(host, lent, located, returned)
    removeSince?.(returned)
    // A name that the pod gave it after the others were removed.
    removeForeignNames(host, { namespace: host, link: returned }, onHost)
  }
  if (radio) {
    cleanRadio(host, returned, radio)
    returned = findLink(host.socket, { index: returned.index }) ?? returned
  }
  restoreNames(host, returned, onHost)
  const home = cleanDevice(host, lent, returned)
  return bringUp && onHost.up && !home.up ? broughtUp(host, onHost, home) : home
}

/**
 * Moves a device to the host and gives it its index back: routes through several devices know it by
 * that index. The device has another index if that was taken in the sandbox.
 */
function moveHome(namespace: NetworkNamespace, link: Link, index: number, change: LinkChange) {
  try {
    changeLink(namespace.socket, link.index, link.index === index ? change : { ...change, index })
  } catch (error) {
    const isTaken = error instanceof KernelError && error.is('EBUSY') && link.index !== index
    if (!isTaken) throw error
    changeLink(namespace.socket, link.index, change)
  }
}

/**
 * Frees the host name of a device that is to be returned, if another lent device has that name. Two
 * devices may be lent under each other's names. If both sandboxes die, the kernel puts each on the
 * host under the other's name. To return the first, rename the second out of the way: unless another
 * call is just returning it. That call would not know that it has another name.
 * @throws Failure `return-failed` if the name is that of any other device
 */
function freeNameOnHost(
  host: NetworkNamespace,
  { onHost }: LentDevice,
  located: LocatedDevice,
  { othersLent, alone }: ReturnOptions,
): void {
  const own = located.namespace === host ? located.link.index : undefined
  const holderNow = () => {
    const holder = findAtHome(host, onHost, own)
    return holder?.index === own ? undefined : holder
  }
  if (!holderNow()) return
  alone?.()
  const holder = holderNow()
  if (!holder) return
  const isAstray = othersLent?.().some(
    (other) => other.onHost.name !== holder.name && isLentDevice(host, holder, other),
  )
  if (!isAstray) throw returnFailure(onHost, located, 'the host has another device of that name')
  changeLink(host.socket, holder.index, { name: `lent${holder.index}` })
}

/** Puts a device that is not the lent one back where it came from. */
function requireRecognised(
  host: NetworkNamespace,
  lent: LentDevice,
  { namespace, link }: LocatedDevice,
  returned: Link,
): void {
  if (isRecognised(host, lent, returned)) return
  const what = `what came from ${namespace.name} in the place of ${lent.onHost.name}`
  try {
    changeLink(host.socket, returned.index, { namespaceFd: namespace.fd, name: link.name })
  } catch (error) {
    throw new Failure(
      'return-failed',
      `${what} is another device, and cannot be put back: ${(error as Error).message}`,
      `it is on the host as ${returned.name}, down; ${lent.onHost.name} may still be in ${namespace.name}`,
    )
  }
  throw new Failure(
    'return-failed',
    `${what} was another device, and was put back`,
    `${lent.onHost.name} may still be in ${namespace.name}; a later DEL tries again`,
  )
}

/** Without an identity, only what a pod cannot change counts: it may have changed the MAC. */
function isRecognised(host: NetworkNamespace, lent: LentDevice, returned: Link): boolean {
  const { identity, onHost } = lent
  if (identity) return sysfsOf(host, lent).find(identity).index === returned.index
  return !hasHardware(onHost) || isSameHardware(returned, onHost)
}

/**
 * Brings a device up that is home, in a message of its own: a later DEL finds it there.
 * @param onHost as it was when it was lent
 * @throws Failure `return-failed` if the kernel refuses
 */
export function broughtUp(host: NetworkNamespace, onHost: Link, device: PresentLink): PresentLink {
  try {
    changeLink(host.socket, device.index, { up: true })
    // The answer waits until the kernel has seen the carrier, which else takes up to a second.
    const now = findLink(host.socket, { index: device.index })
    return now ? wakeUp(host, onHost, now) : { ...device, up: true }
  } catch (error) {
    throw leftDown(device.name, `cannot bring up ${device.name}: ${(error as Error).message}`)
  }
}

/** The kernel moves a device before it names it: one whose name it refused is on the host. */
function moveFailure(
  host: NetworkNamespace,
  lent: LentDevice,
  located: LocatedDevice,
  reason: string,
): Failure {
  const failure = returnFailure(lent.onHost, located, reason)
  if (located.namespace === host) return failure
  try {
    const home = findLentDevice(host, lent)
    return home ? leftDown(home.name, failure.message) : failure
  } catch {
    return failure
  }
}

function returnFailure(onHost: Link, { namespace, link }: LocatedDevice, reason: string): Failure {
  return new Failure(
    'return-failed',
    `cannot return ${link.name} in ${namespace.name} to the host as ${onHost.name}: ${reason}`,
    `the device is in ${namespace.name} as ${link.name}; a later DEL tries again`,
  )
}
