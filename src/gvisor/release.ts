import { existsSync } from 'node:fs'
import type { AttachmentKey } from '../records/record.js'
import type { GvisorRecords } from './record.js'
import type { GvisorRecord } from './record-schema.js'

/** Name of the directory of gVisor records in the state directory. */
export const GVISOR_DIRECTORY = 'gvisor'

/** Ends the address keeper of an attachment, if any, and removes its gVisor record. */
export async function releaseGvisorRecord(stateDir: string, key: AttachmentKey): Promise<void> {
  const store = await openStore(stateDir)
  const record = store?.read(key)
  if (store && record) await release(store, record)
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

/** Does the same as `releaseGvisorRecord` for all records that `isMeant` selects, also of earlier boots. */
export async function releaseGvisorRecords(
  stateDir: string,
  isMeant: (record: GvisorRecord) => boolean,
): Promise<void> {
  const store = await openStore(stateDir)
  const records = store?.listWithEarlierBoots().filter(isMeant) ?? []
  for (const record of records) if (store) await release(store, record)
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

async function release(store: GvisorRecords, record: GvisorRecord): Promise<void> {
  if (record.keeper) {
    const { endKeeper } = await import('./keeper-process.js')
    endKeeper(record.keeper)
  }
  store.remove(record)
}
