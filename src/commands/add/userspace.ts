import { pciAddressOf } from '../../device/selector.js'
import { type Call, ipamOf, nameInSandbox, selectorOf } from '../call.js'
import { openNamespaces } from '../namespaces.js'
import { settleOutstanding } from '../outstanding.js'
import { askForAddresses } from './assign.js'
import { requireForUserspace } from './preflight-in-place.js'
import { informOfDevice, reportedPciId, resultOf } from './report.js'

/**
 * For a PCI device bound to a userspace driver. It has no network device to move; only IPAM runs,
 * and the program in the pod uses the addresses.
 */
export async function addForUserspace(call: Call): Promise<object> {
  const { netns } = call.environment
  requireForUserspace(call)
  await settleOutstanding(call.configuration.stateDir)
  const ipam = await ipamOf(call)
  // Opened only to refuse an invalid sandbox: nothing is done in it.
  using _namespaces = openNamespaces(call)
  const pciAddress = pciAddressOf(selectorOf(call.configuration))
  const pciID = reportedPciId(call.cniVersion, pciAddress)
  const reported = { name: nameInSandbox(call), sandbox: netns, ...pciID }
  const bare = { interface: reported, ips: [], routes: [] }
  try {
    const assigned = ipam && (await askForAddresses(ipam, false))
    const result = resultOf(call, bare, assigned)
    await informOfDevice(call, pciAddress)
    return result
  } catch (error) {
    const { undoAdd } = await import('./undo.js')
    throw await undoAdd(ipam, error, () => '')
  }
}
