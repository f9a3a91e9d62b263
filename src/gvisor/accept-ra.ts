import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { readSysctl, writeSysctl } from '../kernel/sysctl.js'
import type { GvisorRecord } from './record-schema.js'

const NAME = 'net.ipv6.conf.accept_ra'

/** The interface's accept_ra, for the gVisor record; empty if the kernel has no IPv6. */
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

/** Resets accept_ra, which the address keeper set to 0, to the recorded value. */
export function restoreAcceptRa(
  sandbox: NetworkNamespace,
  link: Link,
  { acceptRa }: GvisorRecord,
): void {
  if (acceptRa === undefined || readAcceptRa(sandbox, link).acceptRa !== '0') return
  sandbox.run(() => writeSysctl({ name: NAME, value: acceptRa }, link.name))
}
