import { bounded } from '../../bounded.js'
import { asCniError, type CniError } from '../../cni/error.js'
import { extendDeadline, RELEASE_SECONDS, RETURN_SECONDS } from '../../deadline.js'
import { findLentDevice } from '../../device/lent-device.js'
import { returnRdma } from '../../device/rdma-return.js'
import { Failure } from '../../failure.js'
import { releaseLockedGvisorRecord } from '../../gvisor/release.js'
import type { Ipam } from '../../ipam/ipam.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { enterPhase } from '../../phases.js'
import { keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { takeOffAdditions } from '../additions.js'
import type { OpenGround } from '../namespaces.js'
import { restoreFromRecord, withReason } from '../outstanding.js'
import {
  type Loan,
  type Near,
  returnLentDevice,
  returnLocked,
  undoPreparations,
} from '../return-lent.js'

/**
 * Undoes a failed ADD, with extra time.
 * @param ipam releases the addresses it may have assigned
 * @param undo undoes everything else and returns a sentence on the resulting state
 * @returns the original error with that sentence in its details
 */
export async function undoAdd(
  ipam: Ipam | undefined,
  error: unknown,
  undo: () => string,
): Promise<CniError> {
  enterPhase('undo')
  const release = await releaseAddresses(ipam)
  extendDeadline(RETURN_SECONDS)
  const outcome = attempt(undo)
  return asCniError(error, [outcome, release].filter((text) => text !== '').join('; '))
}

/**
 * @returns empty, or a sentence if the release failed
 */
async function releaseAddresses(ipam: Ipam | undefined): Promise<string> {
  extendDeadline(RELEASE_SECONDS)
  try {
    await ipam?.undoAdd()
    return ''
  } catch (error) {
    return `the addresses that IPAM assigned may not be released: ${asCniError(error).message}`
  }
}

function attempt(undo: () => string): string {
  try {
    return undo()
  } catch (error) {
    const { message, details } = asCniError(error)
    return `and the roll-back failed: ${message}; ${details || 'the record is kept, and DEL tries again'}`
  }
}

/**
 * Undoes an ADD that failed after its record was written. Removes the record once the device is on
 * the host; otherwise keeps it for DEL.
 * @returns the original error with the resulting state in its details
 */
export async function rollBack(
  ground: OpenGround,
  store: RecordStore<AttachmentRecord>,
  record: AttachmentRecord,
  error: unknown,
): Promise<CniError> {
  return undoAdd(ground.ipam, await withoutKeeper(ground, error), () => {
    // On the host, also where the thread could not come back to it before.
    const { stateDir, host, sandbox } = ground
    const loan = { host, sandbox, store, record }
    const outcome = host.run(() =>
      returnLocked(stateDir, loan, (near) => returnHome(stateDir, loan, near)),
    )
    store.remove(keyOf(record))
    return outcome
  })
}

/**
 * Ends the address keeper of a failed ADD before the interface loses its addresses: the keeper would take
 * that for gVisor removing them.
 * @returns the error, which says if that failed: then the ADD is undone all the same
 */
export async function withoutKeeper(
  { gvisor, stateDir, key }: Pick<OpenGround, 'gvisor' | 'stateDir' | 'key'>,
  error: unknown,
): Promise<unknown> {
  try {
    if (gvisor) await releaseLockedGvisorRecord(stateDir, key)
    return error
  } catch (failure) {
    const { message } = asCniError(failure)
    return asCniError(error, `its address keeper may still be there, until DEL: ${message}`)
  }
}

/**
 * Returns the device and restores its host state.
 * @returns a sentence for the error's details
 */
function returnHome(
  stateDir: string,
  loan: Loan & Pick<OpenGround, 'sandbox'>,
  near: Near,
): string {
  const { host, sandbox, store, record } = loan
  const { onHost } = record.device
  const still = neverLeft(host, record)
  if (still) {
    undoPreparations(host, still, record)
    return `the device never left the host, where it is ${onHost.name}, up, with its addresses and routes`
  }
  const link = returnLentDevice(loan, near, { restore: true })
  takeOffAdditions(store, sandbox, record)
  if (!link)
    throw new Failure(
      'return-failed',
      `${onHost.name} is neither in ${sandbox.name} nor on the host`,
    )
  const refusals = restoreFromRecord(stateDir, host, link, record)
  returnRdma(host, sandbox, record.device, link)
  const home = `the device is back on the host as ${onHost.name}, ${onHost.up ? 'up' : 'down'}`
  if (refusals.length === 0) return `${home}, with its addresses and routes`
  return `${home}, but without ${bounded(refusals.map(withReason)).join('; ')}`
}

/**
 * The device, if the kernel refused to move it. It takes a device down whenever it moves it, so one that
 * is up under its name has not been away. Without CAP_NET_ADMIN nothing could be returned to it.
 */
function neverLeft(host: NetworkNamespace, { device }: AttachmentRecord): Link | undefined {
  const { name, up } = device.onHost
  const link = up ? findLentDevice(host, device) : undefined
  return link?.name === name && link.up ? link : undefined
}
