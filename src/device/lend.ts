import { readFileSync } from 'node:fs'
import { bounded } from '../bounded.js'
import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { startLinkChange } from '../kernel/netlink/link-change.js'
import type { Link, PresentLink } from '../kernel/netlink/link-schema.js'
import { relationsOf } from '../kernel/sysfs.js'
import { warn } from '../log.js'
import { withIpv4 } from './after-move.js'
import type { LentDevice } from './lent-device-schema.js'
import { moveWithRadio } from './radio.js'

/** The names under which the kernel has the settings of all devices, and of new ones. */
const NAMES_OF_SETTINGS = ['all', 'default']

/**
 * Refuses a name with %: the kernel takes it for a template (`eth%d`) and picks a number. And `all` and
 * `default`, with which the kernel lets a device have no IPv4, and refuses IPv6 only after the move.
 * @param sandbox undefined if it is not known
 * @throws Failure `device-refused`
 */
export function requireOrdinaryName(
  sandbox: NetworkNamespace | undefined,
  { onHost, nameInSandbox }: { onHost: Pick<Link, 'name'>; nameInSandbox: string },
): void {
  const where = sandbox?.name ?? 'a sandbox'
  const state = 'nothing was changed; the device is on the host with its addresses and routes'
  if (nameInSandbox.includes('%'))
    throw new Failure(
      'device-refused',
      `cannot lend ${onHost.name} to ${where} as ${nameInSandbox}: the kernel takes a name with % for a template`,
      state,
    )
  if (NAMES_OF_SETTINGS.includes(nameInSandbox))
    throw new Failure(
      'device-refused',
      `cannot lend ${onHost.name} to ${where} as ${nameInSandbox}: under that name the kernel has the settings of devices (net.ipv4.conf.${nameInSandbox})`,
      state,
    )
}

/**
 * Refuses a name that is taken in the sandbox. The kernel checks that only after it has moved the
 * device.
 * @throws Failure `name-taken`
 */
export function requireFreeNames(
  sandbox: NetworkNamespace,
  { onHost, nameInSandbox }: LentDevice,
): void {
  if (onHost.alternativeNames.includes(nameInSandbox))
    throw new Failure(
      'name-taken',
      `cannot lend ${onHost.name} to ${sandbox.name} as ${nameInSandbox}: that is an alternative name of its own, which the kernel does not make its name (file exists)`,
      `nothing was changed; give it another name there with "ifName", or remove the other: ip link property del dev ${onHost.name} altname ${nameInSandbox}`,
    )
  for (const name of [nameInSandbox, ...onHost.alternativeNames]) {
    const holder = findLink(sandbox.socket, { name })
    if (!holder) continue
    throw new Failure(
      'name-taken',
      `cannot lend ${onHost.name} to ${sandbox.name} as ${nameInSandbox}: the name ${name} is taken there (file exists)`,
      'nothing was changed; the device is on the host with its addresses and routes',
    )
  }
}

/**
 * Refuses a device that the kernel does not let out of its namespace (netns immutable).
 * @throws Failure `device-refused`
 */
export function requireMovable(device: Link): void {
  if (!device.netnsImmutable) return
  throw new Failure(
    'device-refused',
    `cannot lend ${device.name}: the kernel lets it into no other namespace (netns immutable)`,
    'nothing was changed',
  )
}

/**
 * Refuses a device on which another one depends: a bridge or bond it is a port of, a vlan or
 * macvlan on top of it.
 * @param others the names of those
 * @throws Failure `device-refused`
 */
export function requireNobodyDepends(device: Link, others = relationsOf(device.name).above): void {
  if (others.length === 0) return
  throw new Failure(
    'device-refused',
    `cannot lend ${device.name}: ${bounded(others).join(', ')} on the host depends on it`,
    'nothing was changed; with "force": true in the configuration it is lent all the same',
  )
}

/**
 * Moves a device into a sandbox, renames it, sets its alias to its name on the host and brings it
 * up. All in one message: each move waits for an RCU grace period of the kernel, which takes most
 * of the time of an ADD. A wireless device moves with its radio, and the rest is done there.
 * @param how `bringUp`: whether to bring the device up in the same message; `meanwhile` runs while
 *   the kernel waits
 * @returns the device as it is in the sandbox, and the result of `meanwhile`
 * @throws Failure `kernel-refused`; the device may then be in either namespace
 */
export function lendDevice<T>(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  lent: LentDevice,
  { bringUp, meanwhile }: { bringUp: boolean; meanwhile: () => T },
): { link: PresentLink; done: T } {
  const { onHost, nameInSandbox, radio } = lent
  const change = { name: nameInSandbox, alias: onHost.name, ...(bringUp ? { up: true } : {}) }
  const finish = radio
    ? () => moveWithRadio(host, sandbox, lent, radio, change)
    : startLinkChange(host.socket, onHost.index, { ...change, namespaceFd: sandbox.fd })
  let done: T
  try {
    done = meanwhile()
  } finally {
    waitFor(finish, sandbox, lent)
  }
  const link = findLink(sandbox.socket, { name: nameInSandbox })
  if (link) return { link: withIpv4(sandbox, link), done }
  throw new Failure(
    'kernel-refused',
    `${onHost.name} was moved into ${sandbox.name}, but no ${nameInSandbox} is there`,
  )
}

function waitFor(
  finish: () => void,
  sandbox: NetworkNamespace,
  { onHost, nameInSandbox }: LentDevice,
): void {
  try {
    finish()
  } catch (error) {
    const reason = (error as Error).message
    throw new Failure(
      'kernel-refused',
      `cannot move ${onHost.name} into ${sandbox.name} as ${nameInSandbox}: ${reason}`,
    )
  }
}

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
