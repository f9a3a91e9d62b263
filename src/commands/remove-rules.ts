import type { LentDevice } from '../device/lent-device-schema.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { carried } from '../state/carry.js'
import { planRemovalOfRules } from '../state/plan.js'
import type { HostNetworkState } from '../state/schema.js'

/**
 * Takes the carried policy rules out of a sandbox: unlike everything else they do
 * not go with the device. That one is no longer there is no reason to complain.
 */
export function removeRules(
  sandbox: NetworkNamespace,
  lent: LentDevice,
  state: HostNetworkState,
): void {
  const rules = carried(state.rules)
  sandbox.socket.requestAll(planRemovalOfRules(lent.onHost, lent.nameInSandbox, rules))
}
