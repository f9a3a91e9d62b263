import { readFileSync } from 'node:fs'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { warn } from '../log.js'

/** The kinds of root qdisc that the kernel gives a device by itself, whatever its default is. */
const GIVEN_BY_KERNEL = ['noop', 'noqueue', 'mq', 'pfifo_fast']

const DEFAULT_QDISC = '/proc/sys/net/core/default_qdisc'

/** Warns of what a device has that ends with the move, other than its state of layer 3. */
export function warnOfLosses(host: NetworkNamespace, { name, master, qdisc }: Link): void {
  if (qdisc !== undefined && !GIVEN_BY_KERNEL.includes(qdisc) && qdisc !== defaultQdisc())
    warn(`the kernel has removed from ${name}, which does not get it back: qdisc ${qdisc}`)
  if (master === undefined) return
  const whose = findLink(host.socket, { index: master })?.name ?? 'its bridge or bond'
  warn(
    `${name} is no port of ${whose} any more; it is one again, as if new, once its state is restored`,
  )
}

/** The sysctl that chooses it for all devices; it is shown in the first namespace only. */
function defaultQdisc(): string | undefined {
  try {
    return readFileSync(DEFAULT_QDISC, 'utf8').trim()
  } catch {
    return undefined
  }
}
