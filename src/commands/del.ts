import type { Call } from './call.js'
import { endAttachment } from './end-attachment.js'

/**
 * DEL: brings the device home under its own name, up if it was up. Success where
 * nothing is left to do, so that it can be called again.
 * @throws Failure with the device usable where it is, for a later DEL
 */
export function del({ environment, configuration }: Call): undefined {
  const { containerId, ifName: interfaceName, netns } = environment
  endAttachment(configuration.stateDir, { containerId, interfaceName }, netns)
}
