import { execFileSync } from 'node:child_process'

/** Where the bench works: namespaces of its own, and a state directory of ours. */
export interface Network {
  hostName: string
  sandboxName: string
  sandboxPath: string
  stateDirectory: string
  /** The Go plugin to measure against. */
  peerPath: string
  rounds: number
  /** Control groups of a small container, as the paths of their cgroup.procs. */
  smallContainer: string[]
  /** As many as are lent at once, each with a sandbox of its own. */
  manyDevices: { device: string; sandboxPath: string }[]
}

/** Devices start from the same: up, with one address and one route each. */
export function prepareDevices(devices: string[]): void {
  const lines = devices.flatMap((device, n) => [
    `link set ${device} up`,
    `address replace 198.51.${100 + n}.5/24 dev ${device}`,
    `route replace 203.0.${113 + n}.0/24 via 198.51.${100 + n}.1`,
  ])
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') })
}
