import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import {
  moveRdmaDevice,
  type RdmaDevice,
  rdmaDevicesIn,
  renameRdmaDevice,
} from '../kernel/netlink/rdma-device.js'
import { rdmaDevicesOf } from '../kernel/rdma.js'
import { warn } from '../log.js'
import { everyNamespace, notEverywhere } from './every-namespace.js'
import type { LentDevice, LentRdma } from './lent-device-schema.js'

/**
 * Brings the RDMA devices of a lent device home, which is home itself, under the names that they had.
 * They are in the sandbox, on the host, where the kernel puts them when their namespace ends, or where
 * their pod moved them.
 * @param sandbox undefined if it no longer exists
 * @throws Failure `return-failed`; those that the kernel refused are where they were
 */
export function returnRdma(
  host: NetworkNamespace,
  sandbox: NetworkNamespace | undefined,
  { rdma = [] }: LentDevice,
  home: Link,
): void {
  const refused = rdma.flatMap((device) => {
    try {
      if (!comesHome(host, sandbox, device, home)) warnOfLoss(device, home)
      return []
    } catch (error) {
      return [`${device.name}: ${(error as Error).message}`]
    }
  })
  if (refused.length === 0) return
  throw new Failure(
    'return-failed',
    `cannot return every RDMA device of ${home.name} to the host: ${refused.join('; ')}`,
    `${home.name} itself is on the host; a later DEL tries again, and the kernel returns the RDMA device when its namespace ends`,
  )
}

/**
 * @returns false if it is in no namespace that can be found
 * @throws Error if not all of these could be searched; KernelError
 */
function comesHome(
  host: NetworkNamespace,
  sandbox: NetworkNamespace | undefined,
  device: LentRdma,
  home: Link,
): boolean {
  if (comesHomeFrom(host, host, device)) return true
  if (sandbox && comesHomeFrom(host, sandbox, device)) return true
  let obstacle: string | undefined
  const onObstacle = (reason: string) => {
    obstacle ??= reason
  }
  for (const namespace of everyNamespace(host, new Set(), onObstacle))
    if (comesHomeFrom(host, namespace, device)) return true
  if (obstacle !== undefined && !wasMadeAgain(home)) throw new Error(notEverywhere(obstacle))
  return false
}

/** @returns whether it was there */
function comesHomeFrom(
  host: NetworkNamespace,
  namespace: NetworkNamespace,
  device: LentRdma,
): boolean {
  const found = rdmaDevicesIn(namespace).find(({ index }) => index === device.index)
  if (!found) return false
  if (namespace !== host) moveRdmaDevice(namespace, host, device)
  // A pod may rename it, and another one may have got the name meanwhile.
  if (found.name !== device.name) renameIfPossible(host, found, device)
  return true
}

function renameIfPossible(host: NetworkNamespace, found: RdmaDevice, device: LentRdma): void {
  try {
    renameRdmaDevice(host, device)
  } catch (error) {
    warn(
      `RDMA device ${device.name} is home, as ${found.name}, and cannot have its name: ${(error as Error).message}`,
    )
  }
}

/** Whether a driver that was loaded again made another one, on the host. */
function wasMadeAgain(home: Link): boolean {
  return rdmaDevicesOf(home).length > 0
}

function warnOfLoss({ name }: LentRdma, home: Link): void {
  if (!wasMadeAgain(home))
    warn(`RDMA device ${name} of ${home.name} is in no namespace that can be found`)
}
