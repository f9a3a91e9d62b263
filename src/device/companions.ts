import { bounded } from '../bounded.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { isRdmaExclusive, rdmaDevicesOf } from '../kernel/rdma.js'
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
    ...rdmaDevicesOf(device).map(({ name, isMadeOnIt }) => {
      if (isMadeOnIt) return { kind: 'rdma-on-it' as const, name }
      return { kind: isRdmaExclusive() ? ('rdma-exclusive' as const) : ('rdma' as const), name }
    }),
  ]
}

/** A companion for an operator, and what becomes of it when the device is lent. */
export function describeCompanion({ kind, name }: Companion): string {
  switch (kind) {
    case 'port':
      return `${name}, beneath it: the kernel decides whether it comes along`
    case 'radio':
      return `its radio ${name}, with which it moves`
    case 'rdma':
      return `RDMA device ${name}: stays, and every namespace can use it (netns shared)`
    case 'rdma-exclusive':
      return `RDMA device ${name}: stays on the host, whose alone it is (netns exclusive)`
    case 'rdma-on-it':
      return `RDMA device ${name}, made on it: the kernel removes it when the device moves`
  }
}

/** Warns of companions that the host or the pod has to do without. */
export function warnOfCompanions(device: Link, companions: Companion[]): void {
  const named = (kind: Companion['kind']) => {
    const found = companions.filter((companion) => companion.kind === kind)
    return bounded(found.map(({ name }) => name)).join(', ')
  }
  const [made, exclusive] = [named('rdma-on-it'), named('rdma-exclusive')]
  if (made)
    warn(
      `the kernel has removed RDMA device ${made}, made on ${device.name}, which does not come back`,
    )
  if (exclusive)
    warn(
      `RDMA device ${exclusive} of ${device.name} stays on the host, and the pod cannot use it; "rdma dev set" moves it`,
    )
}
