import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batch } from './batch.js'
import { runSync } from './run-sync.js'
import { isSettled as isSettledBy, settle } from './settled.js'
import { until } from './until.js'

/** Everything a testbed makes is named with this first: nothing else is ever touched. */
const PREFIX = 'hdl3'

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

  /** @param isSettled whether to wait until the kernel is done with what it does by itself */
  constructor({ isSettled = true } = {}) {
    const id = `${PREFIX}-${process.pid}-${++count}`
    this.host = `${id}-host`
    this.pod = `${id}-pod`
    this.cloud = `${id}-cloud`
    this.stateDirectory = mkdtempSync(join(tmpdir(), `${PREFIX}-state-`))
    runSync('ip', ['-batch', '-'], { input: this.eachNamespace('netns add') })
    // Else what the host shows would change by itself, some seconds after a device came up.
    for (const namespace of [this.host, this.cloud])
      this.run(namespace, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
    batch(this.pod, 'link set lo up')
    batch(
      this.host,
      'link set lo up',
      `link add eth1 type veth peer name eth1 netns ${this.cloud}`,
      'link set eth1 up',
    )
    batch(
      this.cloud,
      'link set lo up',
      'link set eth1 up',
      'address add 198.51.100.1/24 dev eth1',
      'address add 2001:db8::1/64 dev eth1',
    )
    if (isSettled) for (const namespace of [this.host, this.cloud]) settle(namespace)
  }

  get sandboxPath(): string {
    return `/run/netns/${this.pod}`
  }

  /** The names of what is in a directory of the state directory, none if it is not there. */
  filesIn(directory: string): string[] {
    const path = `${this.stateDirectory}/${directory}`
    return existsSync(path) ? readdirSync(path) : []
  }

  /** Adds another wire: a device on the host and one of the same name in the cloud, both up. */
  addDevice(name: string): void {
    ip(`-n ${this.host} link add ${name} type veth peer name ${name} netns ${this.cloud}`)
    for (const namespace of [this.host, this.cloud]) ip(`-n ${namespace} link set ${name} up`)
    for (const namespace of [this.host, this.cloud]) settle(namespace)
  }

  /** Runs `ip` on the host, e.g. `onHost('address add 198.51.100.5/24 dev eth1')`. */
  onHost(words: string): string {
    return ip(`-n ${this.host} ${words}`)
  }

  inPod(words: string): string {
    return ip(`-n ${this.pod} ${words}`)
  }

  inCloud(words: string): string {
    return ip(`-n ${this.cloud} ${words}`)
  }

  /**
   * All links, addresses and routes of the host, once the kernel is done with what it does by
   * itself: two of these tell whether anything else changed. Without the seconds that a lease
   * has left, which pass by themselves.
   */
  hostState(): string {
    const parts = ['link', 'address', '-6 route show table all', '-4 route show table all']
    let state: string[] = []
    until(() => {
      state = parts.map((part) => this.onHost(part))
      return isSettledBy(state[1] ?? '', state[2] ?? '')
    })
    return state.join('\n').replaceAll(/\b\d+sec\b/g, 'some seconds')
  }

  /** Waits until the kernel is done on the host with what it does by itself. */
  settle(): void {
    settle(this.host)
  }

  /** Whether somebody there answers a ping from the pod, within some seconds. */
  podReaches(address: string, seconds = 10): boolean {
    const words = `ping -c 1 -w ${seconds} ${address}`
    return this.run(this.pod, words, { reject: false }).exitCode === 0
  }

  /** Runs any command in one of the namespaces. */
  run(namespace: string, words: string, options: { reject?: boolean } = {}) {
    return runSync('ip', ['netns', 'exec', namespace, ...words.split(' ')], options)
  }

  [Symbol.dispose](): void {
    const input = this.eachNamespace('netns delete')
    runSync('ip', ['-force', '-batch', '-'], { input, reject: false })
    rmSync(this.stateDirectory, { recursive: true, force: true })
  }

  /** A line of a batch for each. */
  private eachNamespace(words: string): string {
    return [this.host, this.pod, this.cloud].map((name) => `${words} ${name}`).join('\n')
  }
}

function ip(words: string): string {
  return runSync('ip', words.split(' ')).stdout
}
