import { CniError, ErrorCode } from '../../cni/error.js'
import { type Call, ipamOf, nameInSandbox } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { askForAddresses } from './assign.js'
import { resultOf } from './report.js'
import { undoAdd } from './undo.js'

/**
 * For a PCI device bound to a userspace driver. It has no network device to move; only IPAM runs,
 * and the program in the pod uses the addresses.
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
  // Opened only to refuse an invalid sandbox: nothing is done in it.
  using _namespaces = openNamespaces(call)
  const bare = { interface: { name: nameInSandbox(call), sandbox: netns }, ips: [], routes: [] }
  if (!ipam) return resultOf(call, bare, undefined)
  try {
    return resultOf(call, bare, await askForAddresses(ipam, false))
  } catch (error) {
    throw await undoAdd(ipam, error, () => '')
  }
}
