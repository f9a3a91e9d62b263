import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execaSync } from 'execa'

/** Everything a testbed makes is named with this first: nothing else is ever touched. */
const PREFIX = 'hdl3'

/** A link in the machine's own namespace, on its way to a testbed, is numbered by this. */
let count = 0

/**
 * A network of its own: a "host" with a device `eth1`, wired to a "cloud" that
 * answers as 198.51.100.1 and 2001:db8::1, and an empty "pod". Dispose it to take
 * all of it down again.
 */
export class Testbed {
  readonly host: string
  readonly pod: string
  readonly cloud: string
  /** The plugin's state directory. */
  readonly stateDirectory: string

  constructor() {
    const id = `${PREFIX}-${process.pid}-${++count}`
    this.host = `${id}-host`
    this.pod = `${id}-pod`
    this.cloud = `${id}-cloud`
    this.stateDirectory = mkdtempSync(join(tmpdir(), `${PREFIX}-state-`))
    for (const namespace of this.namespaces) ip(`netns add ${namespace}`)
    for (const namespace of this.namespaces) ip(`-n ${namespace} link set lo up`)
    this.addDevice('eth1')
    ip(`-n ${this.cloud} address add 198.51.100.1/24 dev eth1`)
    ip(`-n ${this.cloud} address add 2001:db8::1/64 dev eth1 nodad`)
  }

  get sandboxPath(): string {
    return `/run/netns/${this.pod}`
  }

  /** Adds another wire: a device on the host and one of the same name in the cloud, both up. */
  addDevice(name: string): void {
    ip(`-n ${this.host} link add ${name} type veth peer name ${name} netns ${this.cloud}`)
    for (const namespace of [this.host, this.cloud]) ip(`-n ${namespace} link set ${name} up`)
  }

  /** Runs `ip` in the host, e.g. `onHost('address add 198.51.100.5/24 dev eth1')`. */
  onHost(words: string): string {
    return ip(`-n ${this.host} ${words}`)
  }

  inPod(words: string): string {
    return ip(`-n ${this.pod} ${words}`)
  }

  inCloud(words: string): string {
    return ip(`-n ${this.cloud} ${words}`)
  }

  /** Whether somebody there answers a ping from the pod. */
  podReaches(address: string): boolean {
    const words = `netns exec ${this.pod} ping -c 1 -W 2 ${address}`
    return execaSync('ip', words.split(' '), { reject: false }).exitCode === 0
  }

  [Symbol.dispose](): void {
    for (const namespace of this.namespaces)
      execaSync('ip', ['netns', 'delete', namespace], { reject: false })
    rmSync(this.stateDirectory, { recursive: true, force: true })
  }

  private get namespaces(): string[] {
    return [this.host, this.pod, this.cloud]
  }
}

function ip(words: string): string {
  return execaSync('ip', words.split(' ')).stdout
}
