import type { Configuration } from '../cni/configuration-schema.js'
import { asCniError, runAll } from '../cni/error.js'
import { extendDeadline, RELEASE_SECONDS } from '../deadline.js'
import { releaseGvisorRecords } from '../gvisor/release.js'
import { attachmentRecords, captureRecords } from '../records/attachments.js'
import { type AttachmentKey, keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { type Call, ipamOf } from './call.js'
import { unsaid } from './error-subject.js'
import { settleOutstanding } from './outstanding.js'
import { releaseAttachment } from './release.js'
import { releaseCapture } from './release-capture.js'

/**
 * GC: returns every device of this network whose attachment is not in cni.dev/valid-attachments,
 * and passes GC on to IPAM. Continues after a failure, also where a record cannot be read, and reports
 * all failures. Begins no device once the time of the call is over. Without that key the valid
 * attachments are unknown and no device is touched.
 * @throws CniError that names every device that could not be returned
 */
export async function gc(call: Call): Promise<undefined> {
  const { stateDir, restoreOnDelete } = call.configuration
  const isStale = staleness(call.configuration)
  await runAll([
    () => releaseGvisorRecords(stateDir, isStale),
    () =>
      runAll(
        releasesOf(attachmentRecords(stateDir), isStale, (key) =>
          releaseAttachment(stateDir, key, { restore: restoreOnDelete }),
        ),
      ),
    () =>
      runAll(
        releasesOf(captureRecords(stateDir), isStale, (key) =>
          releaseCapture(stateDir, key, restoreOnDelete),
        ),
      ),
    () => settleOutstanding(stateDir, { searchAway: true, failFor: isStale }),
    () => passOn(call),
  ])
}

/** A step for each record that is there, which releases its attachment if that is stale. */
function releasesOf(
  store: RecordStore<AttachmentRecord>,
  isStale: (record: AttachmentRecord) => boolean,
  release: (key: AttachmentKey) => void,
): (() => void)[] {
  return store.readers().map((read) => () => {
    const record = read()
    if (record && isStale(record)) naming(record, () => release(keyOf(record)))
  })
}

/** Does what says of a failure which device it is about, and in which sandbox. */
function naming({ device, sandboxPath }: AttachmentRecord, work: () => void): void {
  const subject = {
    command: 'GC',
    device: device.onHost.name,
    interfaceName: device.nameInSandbox,
    sandboxPath,
  }
  try {
    work()
  } catch (error) {
    const { message, details } = asCniError(error)
    throw asCniError(error, unsaid(subject, `${message}; ${details}`))
  }
}

async function passOn(call: Call): Promise<void> {
  const ipam = await ipamOf(call)
  // The devices may have taken all.
  extendDeadline(Math.min(call.configuration.timeoutSeconds, RELEASE_SECONDS))
  await ipam?.request('GC')
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
