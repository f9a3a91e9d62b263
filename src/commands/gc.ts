import { keyOf } from '../attachments/attachment-key.js'
import type { AttachmentRecord } from '../attachments/record-schema.js'
import { AttachmentStore } from '../attachments/store.js'
import type { Configuration } from '../cni/configuration-schema.js'
import type { Call } from './call.js'
import { endAttachment } from './end-attachment.js'
import { endCapture } from './end-capture.js'
import { endKeepings } from './end-keepings.js'
import { ipamOf } from './ipam-of.js'
import { takeAll } from './take-all.js'

/**
 * GC: brings home every device of this network that is lent to an attachment the
 * runtime no longer has, and has the IPAM plugin collect too. Goes on after a
 * failure and reports all of them at the end. Where the key is not there at all,
 * nothing is known and nothing of ours is touched.
 * @throws CniError that names every device that could not be brought home
 */
export async function gc(call: Call): Promise<undefined> {
  const { stateDir, restoreOnDelete } = call.configuration
  const attachments = AttachmentStore.ofAttachments(stateDir)
  const captures = AttachmentStore.ofCaptures(stateDir)
  const isStale = staleness(call.configuration)
  await takeAll([
    () => endKeepings(stateDir, isStale),
    ...attachments
      .listWithFormerBoots()
      .filter(isStale)
      .map((record) => () => endAttachment(stateDir, keyOf(record), { restore: restoreOnDelete })),
    ...captures
      .listWithFormerBoots()
      .filter(isStale)
      .map((record) => () => endCapture(stateDir, keyOf(record), restoreOnDelete)),
    async () => (await ipamOf(call))?.request('GC'),
  ])
}

type Attachment = Pick<AttachmentRecord, 'network' | 'containerId' | 'interfaceName'>

/** Tells whether a record is of an attachment of this network that the runtime no longer has. */
function staleness(configuration: Configuration): (record: Attachment) => boolean {
  const valid = configuration['cni.dev/valid-attachments']
  if (valid === undefined) return () => false
  // A runtime written in Go says null for an empty list.
  const names = new Set((valid ?? []).map(({ containerID, ifname }) => `${containerID}:${ifname}`))
  return ({ network, containerId, interfaceName }) =>
    network === configuration.name && !names.has(`${containerId}:${interfaceName}`)
}
