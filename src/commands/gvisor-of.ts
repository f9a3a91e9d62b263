import type { Gvisor } from '../sandbox-runtime/gvisor.js'
import { attachmentOf } from './attachment-of.js'
import type { Call } from './call.js'

/** Long enough for a sandbox whose image has to be looked for first. */
const DEFAULT_TIMEOUT_SECONDS = 60

/** What a call does for gVisor, loaded only where the configuration asks for it. */
export async function gvisorOf(call: Call): Promise<Gvisor | undefined> {
  const { configuration, environment } = call
  const { gvisor, stateDir, name: network } = configuration
  if (!gvisor) return undefined
  const { Gvisor } = await import('../sandbox-runtime/gvisor.js')
  const wanted = gvisor === true ? {} : gvisor
  return new Gvisor({
    ...{ stateDir, network, key: attachmentOf(call), sandboxPath: environment.netns },
    timeoutSeconds: wanted.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
  })
}
