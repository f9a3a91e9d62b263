import { batch } from '../batch.js'
import { Observer } from '../observer.js'
import { startProcessIn } from '../process-in-namespace.js'
import { runSync } from '../run-sync.js'
import type { Place, Snapshot } from '../snapshot.js'

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
  readonly #observer: Observer
  isNamed = true

  private constructor(
    readonly name: string,
    readonly containerId: string,
  ) {
    this.#observer = new Observer(this)
  }

  /** Makes a pod in a new namespace; an earlier one may have had its name. */
  static make(name: string, containerId: string): Pod {
    runSync('ip', ['netns', 'add', name])
    return Pod.of(name, containerId)
  }

  /** Makes a pod of an empty namespace. */
  static of(name: string, containerId: string): Pod {
    // Else a device would change by itself, some seconds after it came up.
    const setting = 'net.ipv6.conf.default.accept_dad=0'
    runSync('ip', ['netns', 'exec', name, 'sysctl', '-q', '-w', setting])
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
  ip(words: string): boolean {
    const all = [`--net=${this.path}`, 'ip', ...words.split(' ')]
    return runSync('nsenter', all, { reject: false }).exitCode === 0
  }

  /** What there is in it, while it is alive. */
  look(): Promise<Snapshot> {
    return this.#observer.look()
  }

  /** Takes its name, so that its path is gone, and leaves it its life. */
  async unname(): Promise<void> {
    this.#process = await startProcessIn(this.name)
    this.#removeName()
  }

  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
    await this.#observer[Symbol.asyncDispose]()
    if (this.isNamed) this.#removeName()
  }

  #removeName(): void {
    runSync('ip', ['netns', 'delete', this.name])
    this.isNamed = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
