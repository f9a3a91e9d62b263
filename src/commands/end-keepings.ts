import { existsSync } from 'node:fs'
import type { AttachmentKey } from '../attachments/attachment-key.js'
import type { Keeping } from '../sandbox-runtime/keeping-schema.js'

/** Ends the keeper of an attachment, if it has one, and forgets what was noted for gVisor. */
export async function endKeeping(stateDir: string, key: AttachmentKey): Promise<void> {
  const store = await openStore(stateDir)
  const keeping = store?.read(key)
  if (store && keeping) await end(store, keeping)
}

/** The same for every one that is meant. */
export async function endKeepings(
  stateDir: string,
  isMeant: (keeping: Keeping) => boolean,
): Promise<void> {
  const store = await openStore(stateDir)
  for (const keeping of store?.list().filter(isMeant) ?? []) if (store) await end(store, keeping)
}

type Store = NonNullable<Awaited<ReturnType<typeof openStore>>>

async function end(store: Store, keeping: Keeping): Promise<void> {
  const { endKeeper } = await import('../sandbox-runtime/keeper-process.js')
  if (keeping.keeper) endKeeper(keeping.keeper)
  store.remove(keeping)
}

/** The configuration may no longer say that there was gVisor. Where there was none, nothing is loaded. */
async function openStore(stateDir: string) {
  if (!existsSync(`${stateDir}/gvisor`)) return undefined
  const { KeepingStore } = await import('../sandbox-runtime/keeping-store.js')
  return new KeepingStore(stateDir)
}
