import { asCniError, runAll } from '../cni/error.js'
import { extendDeadline, RELEASE_SECONDS, RETURN_SECONDS } from '../deadline.js'
import { releaseGvisorRecord } from '../gvisor/release.js'
import { warn } from '../log.js'
import { enterPhase } from '../phases.js'
import { attachmentRecords, captureRecords } from '../records/attachments.js'
import { isUnlockable } from '../records/lock.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import { attachmentOf, type Call, ipamOf } from './call.js'
import { requireSandboxIsNotHost } from './namespaces.js'
import { settleOutstanding } from './outstanding.js'
import { releaseAttachment } from './release.js'
import { wayOf } from './way.js'

/**
 * DEL: has the IPAM plugin release its addresses and returns the device to the host under its own
 * name, up if it was up. DEL can be called again: it succeeds if nothing is left to do.
 * @throws CniError; the device stays usable where it is, and a later DEL can try again
 */
export async function del(call: Call): Promise<undefined> {
  requireSandboxIsNotHost(call)
  const { stateDir } = call.configuration
  let outcome = ''
  const steps = [
    () => releaseAddresses(call),
    // First, before the device loses its addresses by moving: the address keeper would take that
    // for gVisor removing them.
    () => releaseGvisorRecord(stateDir, attachmentOf(call)),
    async () => {
      extendDeadline(RETURN_SECONDS)
      if (await releaseIfRecorded(call))
        outcome = 'what was lent is back on the host, and its record is removed'
    },
    () => settleOutstanding(stateDir, { searchAway: true, failFor: isOf(call) }),
  ]
  try {
    await runAll(steps)
  } catch (error) {
    throw asCniError(error, outcome)
  }
}

/** Whether a record is of the attachment of a call. */
function isOf({ environment }: Call): (record: AttachmentRecord) => boolean {
  return ({ containerId, interfaceName }) =>
    containerId === environment.containerId && interfaceName === environment.ifName
}

async function releaseAddresses(call: Call): Promise<void> {
  try {
    const ipam = await ipamOf(call)
    enterPhase('ipam')
    // A wait for a turn may have taken all.
    extendDeadline(Math.min(call.configuration.timeoutSeconds, RELEASE_SECONDS))
    await ipam?.request('DEL')
    enterPhase('look')
  } catch (error) {
    throw asCniError(error, 'the addresses may still be assigned; a later DEL tries again')
  }
}

/**
 * Does the same as `release`. Where the state directory takes no file, ADD was refused, and the pod must
 * be able to end: then there is nothing to undo if there is no record.
 */
async function releaseIfRecorded(call: Call): Promise<boolean> {
  try {
    return await release(call)
  } catch (error) {
    if (!isUnlockable(error) || isRecorded(call)) throw error
    warn(`no record says that there is anything to undo, and ${error.message}`)
    return false
  }
}

function isRecorded(call: Call): boolean {
  const { stateDir } = call.configuration
  const stores = [attachmentRecords(stateDir), captureRecords(stateDir)]
  return stores.some((store) => store.read(attachmentOf(call)) !== undefined)
}

/**
 * Undoes what this plugin's ADD did at this position of the chain.
 * @returns whether a record said what that is
 */
async function release(call: Call): Promise<boolean> {
  const { configuration, environment } = call
  const { stateDir, restoreOnDelete: restore } = configuration
  const key = attachmentOf(call)
  const way = wayOf(call)
  switch (way) {
    case 'capture': {
      // Few hosts have captures.
      const { releaseCapture } = await import('./release-capture.js')
      releaseCapture(stateDir, key, restore)
      return false
    }
    case 'apply':
    case 'move':
    case 'userspace':
    case 'gvisor-only': {
      const options = { sandboxPath: environment.netns, restore }
      const wasRecorded = releaseAttachment(stateDir, key, options)
      if (!wasRecorded && way !== 'apply') {
        const { returnUnrecorded } = await import('./unrecorded.js')
        returnUnrecorded(call)
      }
      return wasRecorded
    }
  }
}
