/**
 * A command to put before the plugin's: it lays a directory of our own over the kernel's
 * buses, in the mount namespace that `ip netns exec` made. Nothing else has a PCI NIC.
 * @param directories of devices, under /sys/bus, such as "pci/devices/0000:ff:1f.7/net/eth1"
 * @param drivers of devices: from a directory under /sys/bus to the name of its driver
 */
export function withBuses(directories: string[], drivers: Record<string, string> = {}): string[] {
  const script = [
    'mount -t tmpfs buses /sys/bus || exit 1',
    ...directories.map((directory) => `mkdir -p /sys/bus/${directory}`),
    ...Object.entries(drivers).map(
      ([directory, driver]) => `ln -s /drivers/${driver} /sys/bus/${directory}/driver`,
    ),
    'exec "$@"',
  ]
  return ['sh', '-c', script.join('\n'), 'sh']
}
