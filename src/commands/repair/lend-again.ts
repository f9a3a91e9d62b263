import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import {
  lendDevice,
  requireFreeNames,
  requireMovable,
  requireNobodyDepends,
} from '../../device/lend.js'
import { findLentDevice, findMadeAgain, isLentDevice } from '../../device/lent-device.js'
import type { LentDevice } from '../../device/lent-device-schema.js'
import { describeRadio } from '../../device/radio.js'
import { returnDevice } from '../../device/return.js'
import { Failure } from '../../failure.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { changeLink } from '../../kernel/netlink/link-change.js'
import type { PresentLink } from '../../kernel/netlink/link-schema.js'
import { loansBesides } from '../../records/attachments.js'
import { lockDevice, lockRoutes } from '../../records/lock.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { captureHostNetworkState } from '../../state/capture.js'
import { standInsFor } from '../../state/stand-ins.js'

/*
 * A NIC that was reset, or whose driver was loaded again, has a new network device, which begins its
 * life on the host. The record proves that it is the one that was lent: the same bus address, the
 * same permanent MAC, the same directory of sysfs.
 */

/** A network device on the host, locked. */
interface Claimed extends Disposable {
  link: PresentLink
}

/**
 * Finds and locks the network device that the kernel made again for a lent NIC.
 * @throws Failure if there is none, or if it must not leave the host; nothing was changed then
 */
export function claimReset(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
): Claimed {
  const { index } = requireReset(host, sandbox, record)
  const isLocked = index === record.device.onHost.index
  const lock = isLocked ? undefined : lockDevice(stateDir, { index })
  try {
    const link = requireReset(host, sandbox, record)
    if (link.index !== index) throw new Failure('busy', `${link.name} was reset once more`)
    requireLendable(host, sandbox, store, record, link)
    return { link, [Symbol.dispose]: () => lock?.[Symbol.dispose]() }
  } catch (error) {
    lock?.[Symbol.dispose]()
    throw error
  }
}

/**
 * Lends the NIC again, down, as it was when it was lent. The record says so before the device
 * moves: whenever this process ends, DEL and the next repair know it.
 * @returns the device in the sandbox, and the record
 * @throws Failure; the device is on the host or in the sandbox, and the record knows it
 */
export function lendAgain(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  stateDir: string,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
  link: PresentLink,
): { link: PresentLink; record: AttachmentRecord } {
  const identity = host.sysfs?.identityOf(link)
  if (!identity) throw new Failure('busy', `${link.name} has just left the host`)
  const { radio: former, ...rest } = record.device
  const radio = former && { ...former, index: describeRadio(host, link).index }
  const device: LentDevice = { ...rest, identity, ...(radio ? { radio } : {}) }
  const again: AttachmentRecord = { ...record, device, lendingAgain: true }
  store.write(again)
  // Some drivers take no other MAC or name while they are up.
  if (link.up) changeLink(host.socket, link.index, { up: false })
  // Of another device that comes home at this time, the name may be changed.
  using _routes = lockRoutes(stateDir, 'alone')
  const others = () => loansBesides(store, record).map((loan) => loan.device)
  const ready = returnDevice(
    host,
    device,
    { namespace: host, link },
    { bringUp: false, othersLent: others },
  )
  const lent = { ...device, onHost: { ...device.onHost, index: ready.index } }
  const moved = lendDevice(host, sandbox, lent, {
    bringUp: false,
    meanwhile: () => host.closeSysfs(),
  })
  return { link: moved.link, record: again }
}

/** Notes that the device is in its sandbox, with all that could be put back. */
export function finishLending(
  store: RecordStore<AttachmentRecord>,
  { lendingAgain: _, ...record }: AttachmentRecord,
): void {
  store.write(record)
}

function requireReset(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  { device, lendingAgain }: AttachmentRecord,
): PresentLink {
  const { onHost } = device
  const onTheHost = findLentDevice(host, device)
  // Else an ADD or a DEL was ended half-way, and its pod must not get the device.
  if (onTheHost && lendingAgain) return onTheHost
  if (onTheHost)
    throw new Failure(
      'not-as-left',
      `${onHost.name} is on the host, as ${onTheHost.name}: its ADD or DEL did not end, or somebody moved it there`,
      'nothing was changed; DEL ends the attachment',
    )
  const reset = findMadeAgain(host, device)
  if (reset) return reset
  throw new Failure(
    'not-as-left',
    `${onHost.name} is neither in ${sandbox.name} nor, after a reset, on the host`,
    'nothing was changed',
  )
}

function requireLendable(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
  link: PresentLink,
): void {
  const { device } = record
  const other = loansBesides(store, record).find((loan) => isLentDevice(host, link, loan.device))
  if (other)
    throw new Failure(
      'busy',
      `${device.onHost.name} was reset, and is lent to container ${other.containerId} since`,
    )
  if (!device.radio) requireMovable(link)
  requireNobodyDepends(link)
  requireFreeNames(sandbox, device)
  const state = captureHostNetworkState(host, link, CONFIGURATION_DEFAULTS)
  if (standInsFor(state, link).length > 0)
    throw new Failure(
      'device-refused',
      `cannot lend ${link.name} again: routes of the host lead through it and through other devices`,
      'nothing was changed; remove its addresses and routes from the host first',
    )
}
