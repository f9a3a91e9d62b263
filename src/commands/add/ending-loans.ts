import { bounded } from '../../bounded.js'
import { findLentDevice } from '../../device/lent-device.js'
import { Failure } from '../../failure.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { indexBeneath } from '../../kernel/netlink/driver-settings.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import { describeLoan } from '../../records/describe-loan.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { mayBeOfKind } from '../../records/text-filter.js'
import type { Call } from '../call.js'
import { openRecorded } from '../namespaces.js'

/*
 * The kernel removes a vxlan when the device beneath it moves, whatever namespace the vxlan is in. One
 * that is lent is not among the devices on top of that one: sysfs shows those of one namespace. A
 * macvlan, ipvlan or vlan lives on, and works across namespaces.
 */

/** Tells by a record's text whether its device may be one that ends so. */
export function mayEnd(text: string): boolean {
  return mayBeOfKind(text, 'vxlan')
}

/**
 * Refuses a device with whose move the kernel would remove one that is lent. With `force`, a warning
 * says which.
 * @param loans among others, all that may end
 * @throws Failure `device-refused`
 */
export function requireNoneEnds(
  { configuration }: Call,
  host: NetworkNamespace,
  device: Link,
  loans: AttachmentRecord[],
): void {
  const ending = loans
    .filter((loan) => indexBeneath(loan.device.onHost.driverSettings) === device.index)
    .filter((loan) => isInSandbox(host, loan))
    .map(describeLoan)
  if (ending.length > 0 && !configuration.force)
    throw new Failure(
      'device-refused',
      `cannot lend ${device.name}: ${bounded(ending).join(', ')}, and depends on it`,
      'nothing was changed; with "force": true in the configuration it is lent all the same, and the kernel removes what depends on it',
    )
  for (const loan of ending) warn(`${loan}, and the kernel removes it with ${device.name}`)
}

/** Where it is gone, its record is left of a sandbox that ended without DEL. */
function isInSandbox(host: NetworkNamespace, loan: AttachmentRecord): boolean {
  using sandbox = openRecorded(host, loan.sandboxPath, loan)
  return sandbox !== undefined && findLentDevice(sandbox, loan.device) !== undefined
}
