import type { AttachmentKey } from '../records/record.js'
import { type GvisorRecords, gvisorRecords, hasGvisorRecords } from './record.js'
import type { GvisorRecord } from './record-schema.js'

/** Ends the address keeper of an attachment, if any, and removes its gVisor record. */
export async function releaseGvisorRecord(stateDir: string, key: AttachmentKey): Promise<void> {
  // Looks at the directory, not at the configuration: `gvisor` may have been removed from it since
  // ADD.
  if (!hasGvisorRecords(stateDir)) return
  const store = gvisorRecords(stateDir)
  const record = store.read(key)
  if (record) await release(store, record)
}

/** The same for all gVisor records that `isMeant` selects, including those of earlier boots. */
export async function releaseGvisorRecords(
  stateDir: string,
  isMeant: (record: GvisorRecord) => boolean,
): Promise<void> {
  if (!hasGvisorRecords(stateDir)) return
  const store = gvisorRecords(stateDir)
  for (const record of store.listWithEarlierBoots().filter(isMeant)) await release(store, record)
}

async function release(store: GvisorRecords, record: GvisorRecord): Promise<void> {
  if (record.keeper) {
    const { endKeeper } = await import('./keeper-process.js')
    endKeeper(record.keeper)
  }
  store.remove(record)
}
