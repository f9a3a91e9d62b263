import type { CallOptions } from './plugin.js'

/** A PCI device whose network device is eth1. */
export const PCI = '0000:ff:1f.7'
/** A PCI device that is bound to vfio-pci. */
export const USERSPACE_PCI = '0000:ff:1f.4'

const BUSES = `
  mount -t tmpfs buses /sys/bus && mount -t tmpfs devices /sys/devices/virtual || exit 1
  mkdir -p /sys/bus/pci/devices/${PCI}/net/eth1 /sys/bus/pci/devices/0000:ff:1f.6/virtio3/net/eth1
  mkdir -p /sys/bus/pci/devices/0000:ff:1f.5 /sys/bus/pci/devices/${USERSPACE_PCI}
  ln -s /drivers/vfio-pci /sys/bus/pci/devices/${USERSPACE_PCI}/driver
  mkdir -p /sys/bus/auxiliary/devices/mlx5_core.sf.4/net/eth1
  mkdir -p /sys/devices/virtual/nic/net/eth1
  exec "$@"
`

/**
 * Puts buses of our own over the kernel's before the plugin starts, in the mount
 * namespace that `ip netns exec` made for it. Nothing else here has a PCI NIC.
 */
export const withOwnBuses: CallOptions = { wrapper: ['sh', '-c', BUSES, 'sh'] }
