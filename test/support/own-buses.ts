import { withBuses } from './buses.js'
import type { CallOptions } from './plugin.js'

/** A PCI device whose network device is eth1. */
export const PCI = '0000:ff:1f.7'
/** A PCI device with two network devices, eth1 and eth2. */
export const TWO_PORTS_PCI = '0000:ff:1f.3'
/** A PCI device that is bound to vfio-pci. */
export const USERSPACE_PCI = '0000:ff:1f.4'

const DEVICES =
  'mount -t tmpfs devices /sys/devices/virtual && mkdir -p /sys/devices/virtual/nic/net/eth1'

const BUSES = withBuses(
  [
    `pci/devices/${PCI}/net/eth1`,
    'pci/devices/0000:ff:1f.6/virtio3/net/eth1',
    `pci/devices/${TWO_PORTS_PCI}/net/eth1`,
    `pci/devices/${TWO_PORTS_PCI}/net/eth2`,
    'pci/devices/0000:ff:1f.5',
    `pci/devices/${USERSPACE_PCI}`,
    'auxiliary/devices/mlx5_core.sf.4/net/eth1',
  ],
  { [`pci/devices/${USERSPACE_PCI}`]: 'vfio-pci' },
)

/** Buses of our own with all kinds of devices on them, and a device in a path of its own. */
export const withOwnBuses: CallOptions = {
  wrapper: ['sh', '-c', `${DEVICES} && exec "$@"`, 'sh', ...BUSES],
}
