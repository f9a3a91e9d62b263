import { attachmentName } from '../attachments/attachment-name.js'
import { AttachmentStore } from '../attachments/store.js'
import { Failure } from '../failure.js'
import type { Call } from './call.js'
import { endAttachment } from './end-attachment.js'

/**
 * GC: brings home every device of this network that is lent to an attachment the
 * runtime no longer has. Goes on after a failure and reports all of them at the
 * end. Where the key is not there at all, nothing is known and nothing is touched.
 * @throws Failure that names every device that could not be brought home
 */
export function gc({ configuration }: Call): undefined {
  const valid = configuration['cni.dev/valid-attachments']
  if (valid === undefined) return
  // A runtime written in Go says null for an empty list.
  const names = new Set(
    (valid ?? []).map(({ containerID, ifname }) =>
      attachmentName({ containerId: containerID, interfaceName: ifname }),
    ),
  )
  const { stateDir } = configuration
  const failures: Failure[] = []
  for (const record of new AttachmentStore(stateDir).list()) {
    if (record.network !== configuration.name) continue
    if (names.has(attachmentName(record))) continue
    try {
      endAttachment(stateDir, record, '')
    } catch (error) {
      failures.push(error as Failure)
    }
  }
  const [first] = failures
  if (!first) return
  throw new Failure(
    first.kind ?? 'internal',
    failures.map(({ message }) => message).join('; '),
    failures.map(({ details }) => details).join('; '),
  )
}
