import { existsSync } from 'node:fs'
import { runAll } from '../cni/error.js'
import { lockAttachment } from '../records/lock.js'
import type { AttachmentKey } from '../records/record.js'
import type { GvisorRecords } from './record.js'
import type { GvisorRecord } from './record-schema.js'

/** Name of the directory of gVisor records in the state directory. */
export const GVISOR_DIRECTORY = 'gvisor'

/**
 * Ends the address keeper of an attachment, if any, and removes its gVisor record, with the lock of the
 * attachment: `repair` may be starting another keeper.
 * @throws Failure `busy`
 */
export async function releaseGvisorRecord(stateDir: string, key: AttachmentKey): Promise<void> {
  const store = await openStore(stateDir)
  if (store?.read(key)) await lockAndRelease(stateDir, store, key)
}

/** Does the same for a caller that has the lock. */
export async function releaseLockedGvisorRecord(
  stateDir: string,
  key: AttachmentKey,
): Promise<void> {
  const store = await openStore(stateDir)
  if (store) await release(store, key)
}

/** What is noted of an attachment for gVisor; undefined if its sandbox is none of gVisor's. */
export async function gvisorRecordOf(
  stateDir: string,
  key: AttachmentKey,
): Promise<GvisorRecord | undefined> {
  const store = await openStore(stateDir)
  return store?.read(key)
}

/** The gVisor records of this boot. */
export async function listGvisorRecords(stateDir: string): Promise<GvisorRecord[]> {
  const store = await openStore(stateDir)
  return store?.list() ?? []
}

/**
 * Does the same as `releaseGvisorRecord` for all records that `isMeant` selects, also of earlier boots.
 * Goes on after a failure, and reports all.
 * @throws CniError
 */
export async function releaseGvisorRecords(
  stateDir: string,
  isMeant: (record: GvisorRecord) => boolean,
): Promise<void> {
  const store = await openStore(stateDir)
  if (!store) return
  const steps = store.readers().map((read) => async () => {
    const record = read()
    if (record && isMeant(record)) await lockAndRelease(stateDir, store, record)
  })
  await runAll(steps)
}

/**
 * The gVisor records; undefined if there never were any, and then their code is not loaded. Looks
 * at the directory, not at the configuration: `gvisor` may have been removed from it since ADD.
 */
async function openStore(stateDir: string): Promise<GvisorRecords | undefined> {
  if (!existsSync(`${stateDir}/${GVISOR_DIRECTORY}`)) return undefined
  const { gvisorRecords } = await import('./record.js')
  return gvisorRecords(stateDir)
}

async function lockAndRelease(
  stateDir: string,
  store: GvisorRecords,
  key: AttachmentKey,
): Promise<void> {
  using _attachment = lockAttachment(stateDir, key)
  await release(store, key)
}

/** No keeper is left of an earlier boot. */
async function release(store: GvisorRecords, key: AttachmentKey): Promise<void> {
  const keeper = store.read(key)?.keeper
  if (keeper) {
    const { endKeeper } = await import('./keeper-process.js')
    endKeeper(keeper)
  }
  store.remove(key)
}
