import type { LentDevice } from '../device/lent-device-schema.js'
import type { Place } from '../kernel/place.js'
import { carried } from '../network-state/carried.js'
import type { HostNetworkState } from '../network-state/model-schema.js'
import { planRemovalOfRules } from '../network-state/plan.js'

/**
 * Takes the carried policy rules out of a sandbox: unlike everything else they do
 * not go with the device. That one is no longer there is no reason to complain.
 */
export function removeRules(sandbox: Place, lent: LentDevice, state: HostNetworkState): void {
  const rules = carried(state.rules)
  sandbox.socket.requestAll(planRemovalOfRules(lent.onHost, lent.nameInSandbox, rules))
}
