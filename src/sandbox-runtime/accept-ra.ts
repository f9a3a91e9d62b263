import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { readSysctl, writeSysctl } from '../kernel/sysctl.js'
import type { Keeping } from './keeping-schema.js'

const NAME = 'net.ipv6.conf.accept_ra'

/** What an interface does with router advertisements, to be noted; nothing without IPv6. */
export function notedAcceptRa(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  link: Link,
): Pick<Keeping, 'acceptRa'> {
  try {
    return {
      acceptRa: sandbox.run(() => readSysctl(NAME, link.name).value),
    }
  } catch {
    return {}
  }
}

/** Undoes what the keeper did about router advertisements, for another sandbox to run there. */
export function restoreAcceptRa(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  link: Link,
  { acceptRa }: Keeping,
): void {
  if (acceptRa === undefined || notedAcceptRa(host, sandbox, link).acceptRa !== '0') return
  const setting = { name: NAME, value: acceptRa }
  sandbox.run(() => writeSysctl(setting, link.name))
}
