import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { readSysctl, writeSysctl } from '../kernel/sysctl.js'
import type { GvisorRecord } from './record-schema.js'

const NAME = 'net.ipv6.conf.accept_ra'

/** The accept_ra of an interface, to be recorded; nothing where the kernel has no IPv6. */
export function readAcceptRa(
  sandbox: NetworkNamespace,
  link: Link,
): Pick<GvisorRecord, 'acceptRa'> {
  try {
    return { acceptRa: sandbox.run(() => readSysctl(NAME, link.name).value) }
  } catch {
    return {}
  }
}

/** Sets accept_ra back to what it was before the keeper set it to 0, for another sandbox. */
export function restoreAcceptRa(
  sandbox: NetworkNamespace,
  link: Link,
  { acceptRa }: GvisorRecord,
): void {
  if (acceptRa === undefined || readAcceptRa(sandbox, link).acceptRa !== '0') return
  sandbox.run(() => writeSysctl({ name: NAME, value: acceptRa }, link.name))
}
