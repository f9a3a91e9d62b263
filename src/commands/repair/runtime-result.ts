import { requireConfiguration } from '../../cni/configuration.js'
import { decodeObject, isObject, spelledAsDocumented } from '../../cni/network.js'
import { decodeResult } from '../../cni/result.js'
import type { Result } from '../../cni/result-schema.js'
import { LATEST_VERSION } from '../../cni/version.js'
import { trustedPath } from '../../kernel/trusted-path.js'
import { warn } from '../../log.js'
import { readPrivate } from '../../records/durable-file.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { Assignment } from '../../state/assigned.js'
import { assignmentIn, indexOfInterface } from '../call.js'

/** Where the CNI library of a runtime keeps what the last plugin of a chain answered. */
export const RUNTIME_RESULTS = '/var/lib/cni/results'

/** What the CNI library writes before it. */
const KIND = 'cniCacheV1'

/**
 * What a runtime keeps as the result of an attachment: the same that it gives CHECK as prevResult.
 * @param directory the library's; only this user may be able to write there
 * @returns undefined if there is none, or if it cannot be read, with a warning
 */
export async function resultOfRuntime(
  directory: string,
  record: AttachmentRecord,
): Promise<Result | undefined> {
  const { network, containerId, interfaceName } = record
  const file = `${network}-${containerId}-${interfaceName}`
  try {
    const { resolved } = trustedPath(directory, true)
    return await decoded(readPrivate(`${resolved}/${file}`), record)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') warn(`cannot read ${directory}/${file}: ${message}`)
    return undefined
  }
}

/** What a result has of an interface, of the name that it has now or that ADD gave it. */
export function reportedIn(result: Result, record: AttachmentRecord, name: string): Assignment {
  const { sandboxPath, device } = record
  const isThere = indexOfInterface(result, sandboxPath, name) >= 0
  return assignmentIn(result, sandboxPath, isThere ? name : device.nameInSandbox)
}

async function decoded(text: string, record: AttachmentRecord): Promise<Result | undefined> {
  const { kind, containerId, ifName, result } = await decodeObject(text)
  // Older libraries wrote the result alone: nothing says which container it is of.
  if (kind !== KIND || containerId !== record.containerId || ifName !== record.interfaceName)
    return undefined
  if (!isObject(result)) return undefined
  const network = spelledAsDocumented({ name: record.network, prevResult: result })
  const checked = { ...network, name: record.network }
  requireConfiguration(checked)
  return checked.prevResult && decodeResult(checked.prevResult, LATEST_VERSION)
}
