import { execa } from 'execa'
import { batch } from '../batch.js'
import { startProcessIn } from '../process-in-namespace.js'
import type { Place } from '../snapshot.js'

/** What every pod has of its own: the rules are among those that devices come with, nearly. */
const OWN = [
  'link set lo up',
  'link add own0 type ifb',
  'link set own0 up',
  'address add 10.200.0.1/24 dev own0',
  'route add 172.31.0.0/16 via 10.200.0.9',
  'route add 172.18.0.0/16 via 10.200.0.9 table 100',
  'neighbour add 10.200.0.9 lladdr 02:00:00:00:02:09 dev own0 nud permanent',
  'rule add from 10.200.0.1 lookup 100 priority 901',
  'rule add to 172.17.0.0/16 fwmark 0x1 lookup 100 priority 900',
]

/** A sandbox, which may lose its name, and its life. */
export class Pod implements Place, AsyncDisposable {
  #process: (AsyncDisposable & { pid: number }) | undefined
  isNamed = true

  private constructor(
    readonly name: string,
    readonly containerId: string,
  ) {}

  /** Makes a pod in a new namespace; an earlier one may have had its name. */
  static async make(name: string, containerId: string): Promise<Pod> {
    await execa('ip', ['netns', 'add', name])
    return Pod.of(name, containerId)
  }

  /** Makes a pod of an empty namespace. */
  static async of(name: string, containerId: string): Promise<Pod> {
    // Else a device would change by itself, some seconds after it came up.
    const setting = 'net.ipv6.conf.default.accept_dad=0'
    await execa('ip', ['netns', 'exec', name, 'sysctl', '-q', '-w', setting])
    batch(name, ...OWN)
    return new Pod(name, containerId)
  }

  /** What a runtime gives the plugin. */
  get sandboxPath(): string {
    return `/run/netns/${this.name}`
  }

  get isAlive(): boolean {
    return this.isNamed || this.#process !== undefined
  }

  /** Where it can be reached, while it is alive. */
  get path(): string {
    return this.#process ? `/proc/${this.#process.pid}/ns/net` : this.sandboxPath
  }

  /** Runs `ip` in it. @returns whether it could be done */
  async ip(words: string): Promise<boolean> {
    const all = [`--net=${this.path}`, 'ip', ...words.split(' ')]
    return !(await execa('nsenter', all, { reject: false })).failed
  }

  /** Takes its name, so that its path is gone, and leaves it its life. */
  async unname(): Promise<void> {
    this.#process = await startProcessIn(this.name)
    await this.#removeName()
  }

  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
    if (this.isNamed) await this.#removeName()
  }

  async #removeName(): Promise<void> {
    await execa('ip', ['netns', 'delete', this.name])
    this.isNamed = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
