import type { Configuration } from '../cni/configuration-schema.js'
import { asCniError, runAll } from '../cni/error.js'
import { releaseGvisorRecords } from '../gvisor/release.js'
import { attachmentRecords, captureRecords } from '../records/attachments.js'
import { keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { type Call, ipamOf } from './call.js'
import { settleOutstanding } from './outstanding.js'
import { releaseAttachment } from './release.js'
import { releaseCapture } from './release-capture.js'
import { unsaid } from './subject.js'

/**
 * GC: returns every device of this network whose attachment is not in cni.dev/valid-attachments,
 * and passes GC on to IPAM. Continues after a failure and reports all failures. Without that key
 * the valid attachments are unknown and no device is touched.
 * @throws CniError that names every device that could not be returned
 */
export async function gc(call: Call): Promise<undefined> {
  const { stateDir, restoreOnDelete } = call.configuration
  const attachments = attachmentRecords(stateDir)
  const captures = captureRecords(stateDir)
  const isStale = staleness(call.configuration)
  await runAll([
    () => releaseGvisorRecords(stateDir, isStale),
    ...attachments
      .listWithEarlierBoots()
      .filter(isStale)
      .map((record) =>
        naming(record, () =>
          releaseAttachment(stateDir, keyOf(record), { restore: restoreOnDelete }),
        ),
      ),
    ...captures
      .listWithEarlierBoots()
      .filter(isStale)
      .map((record) =>
        naming(record, () => releaseCapture(stateDir, keyOf(record), restoreOnDelete)),
      ),
    () => settleOutstanding(stateDir, { searchAway: true, failFor: isStale }),
    async () => (await ipamOf(call))?.request('GC'),
  ])
}

/** A step whose failure says which device it is about, and in which sandbox. */
function naming({ device, sandboxPath }: AttachmentRecord, work: () => void): () => void {
  const subject = {
    ...{ command: 'GC', device: device.onHost.name },
    ...{ interfaceName: device.nameInSandbox, sandboxPath },
  }
  return () => {
    try {
      work()
    } catch (error) {
      const { message, details } = asCniError(error)
      throw asCniError(error, unsaid(subject, `${message}; ${details}`))
    }
  }
}

type Attachment = Pick<AttachmentRecord, 'network' | 'containerId' | 'interfaceName'>

/** Whether a record belongs to this network and its attachment is no longer valid. */
function staleness(configuration: Configuration): (record: Attachment) => boolean {
  const valid = configuration['cni.dev/valid-attachments']
  if (valid === undefined) return () => false
  // Go encodes an empty list as null.
  const names = new Set((valid ?? []).map(({ containerID, ifname }) => `${containerID}:${ifname}`))
  return ({ network, containerId, interfaceName }) =>
    network === configuration.name && !names.has(`${containerId}:${interfaceName}`)
}
