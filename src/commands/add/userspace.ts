import { CniError, ErrorCode } from '../../cni/error.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { type Call, ipamOf, nameInSandbox } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { askForAddresses } from './assign.js'
import { resultOf } from './report.js'
import { undoAdd } from './undo.js'

/**
 * For a device that a userspace driver has: the kernel has nothing to move, so all
 * there is to do is to have addresses assigned, for the program to use.
 */
export async function addForUserspace(call: Call): Promise<object> {
  const { environment, written } = call
  const { netns } = environment
  if (written.useInterfaceNetwork === true)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      'useInterfaceNetwork is not supported for dpdk-bound devices',
      'nothing was changed; the kernel has no addresses of such a device',
    )
  const ipam = await ipamOf(call)
  using namespaces = openNamespaces(call)
  const { host, sandbox } = namespaces
  const bare = { interface: { name: nameInSandbox(call), sandbox: netns }, ips: [], routes: [] }
  if (!ipam) return resultOf(call, bare, undefined)
  try {
    return resultOf(call, bare, await askForAddresses(ipam, false))
  } catch (error) {
    throw await undoAdd(ipam, error, () => '')
  }
}
