import type { NetworkNamespace } from '../kernel/namespace.js'
import { moveRdmaDevice, type RdmaDevice, rdmaDevicesIn } from '../kernel/netlink/rdma-device.js'
import { rdmaDevicesAt } from '../kernel/rdma.js'
import { staying } from './companions.js'
import type { LentDevice, LentRdma } from './lent-device-schema.js'

/*
 * Where each RDMA device belongs to one namespace alone, that of a NIC moves after it, and comes home
 * after it. The kernel makes none of it easy: it refuses the move if the driver cannot take the device
 * away from the processes that use it, and says so only when it is asked to move it.
 */

/** Notes the RDMA devices that are to move with a device of the host. One that cannot be found stays. */
export function describeRdma(host: NetworkNamespace, lent: LentDevice): void {
  const { companions = [] } = lent
  if (!companions.some(({ kind }) => kind === 'rdma-moves')) return
  const { devices, reason } = listed(host)
  const found = (name: string) => devices.filter((device) => device.name === name)
  const rdma = companions.flatMap(({ kind, name }) => (kind === 'rdma-moves' ? found(name) : []))
  if (rdma.length > 0) lent.rdma = rdma
  lent.companions = companions.map((one) =>
    one.kind === 'rdma-moves' && found(one.name).length === 0 ? staying(one.name, reason) : one,
  )
}

/** What became of the RDMA devices that were to move. */
export interface RdmaMove {
  /** The device with those that moved, for the record, and with the reasons why others did not. */
  lent: LentDevice
  /** Those that the kernel did not move: the pod has its NIC all the same. */
  stayed: { name: string; reason: string }[]
}

/** Moves the RDMA devices of a device after it. One that is in the sandbox already stays there. */
export function moveRdma(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  lent: LentDevice,
): RdmaMove {
  const stayed: RdmaMove['stayed'] = []
  for (const device of lent.rdma ?? [])
    try {
      moveRdmaDevice(host, sandbox, device)
    } catch (error) {
      if (!isIn(sandbox, device))
        stayed.push({ name: device.name, reason: (error as Error).message })
    }
  if (stayed.length === 0) return { lent, stayed }
  const reasons = new Map(stayed.map(({ name, reason }) => [name, reason]))
  const { rdma = [], companions = [], ...rest } = lent
  const moved = rdma.filter(({ name }) => !reasons.has(name))
  return {
    stayed,
    lent: {
      ...rest,
      ...(moved.length > 0 ? { rdma: moved } : {}),
      companions: companions.map((one) => {
        const reason = one.kind === 'rdma-moves' ? reasons.get(one.name) : undefined
        return reason === undefined ? one : staying(one.name, reason)
      }),
    },
  }
}

/** The recorded RDMA devices that a sandbox lacks. */
export function missingRdma(sandbox: NetworkNamespace, { rdma = [] }: LentDevice): LentRdma[] {
  if (rdma.length === 0) return []
  const there = rdmaDevicesIn(sandbox)
  return rdma.filter(({ index }) => !there.some((one) => one.index === index))
}

/**
 * The RDMA devices on the host of a device whose RDMA devices were moved: those themselves, and those
 * that the driver made in their place since, after a reset.
 */
export function rdmaOnHost(host: NetworkNamespace, { rdma, sysfsPath }: LentDevice): RdmaDevice[] {
  if (!rdma) return []
  const ofNic = sysfsPath === undefined ? [] : rdmaDevicesAt(sysfsPath)
  return rdmaDevicesIn(host).filter(
    ({ index, name }) => ofNic.includes(name) || rdma.some((one) => one.index === index),
  )
}

/** Where that cannot be said, it counts as there, for the record. */
function isIn(namespace: NetworkNamespace, { index }: LentRdma): boolean {
  try {
    return rdmaDevicesIn(namespace).some((one) => one.index === index)
  } catch {
    return true
  }
}

function listed(host: NetworkNamespace): { devices: RdmaDevice[]; reason: string } {
  try {
    return { devices: rdmaDevicesIn(host), reason: 'the kernel does not list it' }
  } catch (error) {
    return { devices: [], reason: (error as Error).message }
  }
}
