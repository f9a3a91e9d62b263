import type { Testbed } from '../../testbed.js'

/** Settings that a device has on the host, and that a new namespace would not give it. */
const VALUES = { arp_notify: '1', rp_filter: '2' }

/** Their names, as the plugin's configuration has them. */
export const SYSCTLS = Object.keys(VALUES).map((name) => `net.ipv4.conf.${name}`)

/** Gives them to a device of the host. */
export function setSysctls({ host, run }: Testbed, device: string): void {
  const words = Object.entries(VALUES).map(([name, value]) => `${keyOf(device, name)}=${value}`)
  run(host, `sysctl -q -w ${words.join(' ')}`)
}

/** Whether a device in the container has them. */
export function hasSysctls({ pod, run }: Testbed, device: string): boolean {
  const words = Object.keys(VALUES).map((name) => keyOf(device, name))
  return run(pod, `sysctl -n ${words.join(' ')}`).stdout === Object.values(VALUES).join('\n')
}

function keyOf(device: string, name: string): string {
  return `net.ipv4.conf.${device}.${name}`
}
