import type { Link } from '../kernel/netlink/link-schema.js'
import { isMadeByRdma, isRdmaExclusive, type RdmaRelation, rdmaDevicesOf } from '../kernel/rdma.js'
import { isPortOf } from '../kernel/sysfs.js'
import { warn } from '../log.js'
import type { Companion, Radio } from './lent-device-schema.js'

/**
 * Lists what hangs together with a device of the host: of a pair with one MAC, such as a synthetic
 * NIC and the virtual function beneath it, the lower one; a radio; and RDMA devices.
 * @param beneath the devices beneath it, by name
 * @param radio that of a wireless device
 */
export function companionsOf(device: Link, beneath: string[], radio?: Radio): Companion[] {
  const ports = beneath.filter((name) => isPortOf(name, device))
  return [
    ...(radio ? [{ kind: 'radio' as const, name: radio.name }] : []),
    ...ports.map((name) => ({ kind: 'port' as const, name })),
    ...rdmaDevicesOf(device).map((rdma) => rdmaCompanion(device, rdma)),
  ]
}

/**
 * What becomes of an RDMA device: it moves along if it is of one namespace alone, and of no other
 * network device.
 */
function rdmaCompanion(device: Link, { name, isMadeOnIt, isOfOthers }: RdmaRelation): Companion {
  if (isMadeOnIt) return { kind: 'rdma-on-it', name }
  if (!isRdmaExclusive()) return { kind: 'rdma', name }
  if (isOfOthers) return staying(name, 'other network devices of the NIC need it, too')
  // With every move the kernel has all that RDMA made remove its devices, and make others.
  if (isMadeByRdma(device)) return staying(name, `its move would remove ${device.name}`)
  return { kind: 'rdma-moves', name }
}

/** An RDMA device that stays on the host, although each belongs to one namespace alone. */
export function staying(name: string, reason: string): Companion {
  return { kind: 'rdma-exclusive', name, reason }
}

/** A companion for an operator, and what becomes of it when the device is lent. */
export function describeCompanion({ kind, name, reason }: Companion): string {
  switch (kind) {
    case 'port':
      return `${name}, beneath it: the kernel decides whether it comes along`
    case 'radio':
      return `its radio ${name}, with which it moves`
    case 'rdma':
      return `RDMA device ${name}: stays, and every namespace can use it (netns shared)`
    case 'rdma-moves':
      return `RDMA device ${name}: moves along, if its driver lets it (netns exclusive)`
    case 'rdma-exclusive':
      return `RDMA device ${name}: stays on the host, whose alone it is (netns exclusive): ${reason}`
    case 'rdma-on-it':
      return `RDMA device ${name}, made on it: the kernel removes it when the device moves`
  }
}

/** Warns of companions that the host or the pod has to do without. */
export function warnOfCompanions(device: Link, companions: Companion[]): void {
  for (const { kind, name, reason } of companions) {
    if (kind === 'rdma-on-it')
      warn(
        `the kernel has removed RDMA device ${name}, made on ${device.name}, which does not come back`,
      )
    if (kind === 'rdma-exclusive')
      warn(
        `RDMA device ${name} of ${device.name} stays on the host, and the pod cannot use it: ${reason}`,
      )
  }
}
