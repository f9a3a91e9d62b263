import { asCniError } from '../cni/error.js'
import { extendDeadline, RETURN_SECONDS } from '../deadline.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { attachmentOf } from './attachment-of.js'
import type { Call } from './call.js'
import { endAttachment } from './end-attachment.js'
import { endCapture } from './end-capture.js'
import { endKeeping } from './end-keepings.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'
import { ipamOf } from './ipam-of.js'
import { requireAnotherNamespace } from './require-another-namespace.js'
import { returnUnrecorded } from './return-unrecorded.js'
import { takeAll } from './take-all.js'

/**
 * DEL: has the addresses released and brings the device home under its own name, up
 * if it was up. Success where nothing is left to do, so that it can be called again.
 * @throws CniError with the device usable where it is, for a later DEL
 */
export async function del(call: Call): Promise<undefined> {
  requireSandboxIsNotTheHost(call)
  const { stateDir } = call.configuration
  await takeAll([
    () => releaseAddresses(call),
    // Before the addresses go with the device: the keeper would take that for gVisor's work.
    () => endKeeping(stateDir, attachmentOf(call)),
    () => {
      extendDeadline(RETURN_SECONDS)
      endStage(call)
    },
  ])
}

/** A sandbox that is gone is none to complain of. */
function requireSandboxIsNotTheHost(call: Call): void {
  using host = NetworkNamespace.host()
  using sandbox = ifSandboxIsThere(() => host.open(call.environment.netns))
  if (sandbox) requireAnotherNamespace(host, sandbox, call)
}

async function releaseAddresses(call: Call): Promise<void> {
  try {
    const ipam = await ipamOf(call)
    await ipam?.request('DEL')
  } catch (error) {
    throw asCniError(error, 'the addresses may still be assigned; a later DEL tries again')
  }
}

/** Undoes what ADD did at this place of the chain. */
function endStage(call: Call): void {
  const { configuration, environment } = call
  const { stateDir, mode, restoreOnDelete: restore } = configuration
  const key = attachmentOf(call)
  if (mode === 'capture') {
    endCapture(stateDir, key, restore)
    return
  }
  const ending = { sandboxPath: environment.netns, restore }
  if (!endAttachment(stateDir, key, ending)) returnUnrecorded(call)
}
