import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Attachment } from './contestants.js'

/** Where the bench works: namespaces of its own, and a state directory of ours. */
export interface Network {
  hostName: string
  /** The namespace with the other ends of the devices. */
  cloudName: string
  sandboxName: string
  sandboxPath: string
  stateDirectory: string
  /** The Go plugin to measure against. */
  peerPath: string
  /** Of a call that takes little time; of others there are fewer. */
  rounds: number
  /** How many routes of each family a device with many has. */
  routes: number
  /** Control groups of a small container, as the paths of their cgroup.procs. */
  smallContainer: string[]
  /** As many as are lent at once, each with a sandbox of its own. */
  manyDevices: Attachment[]
}

/** How many devices are lent at once, as when a node starts. */
export function countsAtOnce({ manyDevices }: Network): number[] {
  return [...new Set([1, 8, 64].map((count) => Math.min(count, manyDevices.length)))]
}

/**
 * Devices start from the same: up, with one address and one route each.
 * @param namespace its name; default the host's
 */
export function prepareDevices(devices: string[], namespace?: string): void {
  const lines = devices.flatMap((device, n) => [
    `link set ${device} up`,
    `address replace 198.51.${100 + n}.5/24 dev ${device}`,
    `route replace 203.0.${113 + n}.0/24 via 198.51.${100 + n}.1`,
  ])
  const where = namespace === undefined ? [] : ['-n', namespace]
  execFileSync('ip', [...where, '-batch', '-'], { input: lines.join('\n') })
}

/** Makes those devices again that a plugin lost or left in their sandboxes; returns how many. */
export function remakeDevices({ cloudName }: Network, attachments: Attachment[]): number {
  const missing = attachments.filter(({ device }) => !existsSync(`/sys/class/net/${device}`))
  for (const { device } of missing) {
    // Wherever a plugin that was killed has left the device, it goes with its other end.
    spawnSync('ip', ['-n', cloudName, 'link', 'delete', device])
    const peer = ['peer', 'name', device, 'netns', cloudName]
    execFileSync('ip', ['link', 'add', device, 'type', 'veth', ...peer])
    execFileSync('ip', ['-n', cloudName, 'link', 'set', device, 'up'])
  }
  return missing.length
}
