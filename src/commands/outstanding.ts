import { existsSync } from 'node:fs'
import { OUTSTANDING_DIRECTORY } from '../records/attachments.js'
import type { AttachmentRecord } from '../records/record-schema.js'

/**
 * Restores what is outstanding of devices that are home, as far as the kernel takes it by now: a
 * route through two devices, say, once both are home. Nearly always nothing is, and then the code
 * for it is not loaded.
 * @param isMeant of which records the call is to fail, some times, if the kernel still has no memory
 *   or such; of the others it goes on
 * @throws Failure `return-failed`
 */
export async function settleOutstanding(
  stateDir: string,
  isMeant: (record: AttachmentRecord) => boolean = () => false,
): Promise<void> {
  if (!existsSync(`${stateDir}/${OUTSTANDING_DIRECTORY}`)) return
  const { settleAll } = await import('./settle.js')
  settleAll(stateDir, isMeant)
}
