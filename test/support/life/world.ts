import { setTimeout as sleep } from 'node:timers/promises'
import { Observer } from '../observer.js'
import { runSync } from '../run-sync.js'
import type { DeviceState, Place, Snapshot } from '../snapshot.js'
import { Testbed } from '../testbed.js'
import { type NicPlan, wordsToMake } from './nic.js'
import { Pod } from './pod.js'

/** The number of queues by which the first device is known; each one made later has one more. */
const FIRST_NUMBER = 11

/** A device to lend, wherever it is. */
export interface Nic {
  plan: NicPlan
  name: string
  number: number
  isDestroyed: boolean
}

/** What there is in every place, by the name of the place. */
export type Snapshots = Record<string, Snapshot>

/** Where a device is. */
export interface Whereabouts extends DeviceState {
  place: Place
}

/**
 * A host with devices to lend, two pods, and a namespace `elsewhere`. The host has eth1 besides,
 * which is never lent. Dispose it.
 */
export class World implements AsyncDisposable {
  readonly nics: Nic[] = []
  /** Those that have been; the last two are those that are. */
  readonly allPods: Pod[] = []
  readonly host: Place
  readonly elsewhere: Place & { name: string }
  #numbers = FIRST_NUMBER
  #observers: { host: Observer; elsewhere: Observer } | undefined

  private constructor(readonly testbed: Testbed) {
    this.host = { path: `/run/netns/${testbed.host}` }
    const name = `${testbed.pod}-elsewhere`
    this.elsewhere = { name, path: `/run/netns/${name}` }
  }

  static async make(plans: NicPlan[]): Promise<World> {
    // It would wait for itself alone, and not let other lives go on.
    const world = new World(new Testbed({ isSettled: false }))
    try {
      await world.#furnish(plans)
      return world
    } catch (error) {
      await world[Symbol.asyncDispose]()
      throw error
    }
  }

  async #furnish(plans: NicPlan[]): Promise<void> {
    const { testbed, elsewhere, allPods } = this
    runSync('ip', ['netns', 'add', elsewhere.name])
    this.#observers = { host: new Observer(this.host), elsewhere: new Observer(elsewhere) }
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add default via 198.51.100.1')
    testbed.onHost('rule add from 198.51.100.5 lookup main priority 50')
    for (const plan of plans) await this.makeNic(plan)
    allPods.push(Pod.of(testbed.pod, 'container-0-1'))
    allPods.push(Pod.make(`${testbed.pod}-2`, 'container-1-1'))
  }

  /** The pod that has one of the two paths now, or had it last. */
  pod(n: number): Pod {
    const pod = this.allPods.findLast(({ name }) => name === this.#podNames[n])
    if (!pod) throw new Error(`no pod ${n}`)
    return pod
  }

  get #podNames(): string[] {
    return [this.testbed.pod, `${this.testbed.pod}-2`]
  }

  /** Makes another pod with the path of one that has lost it. */
  replacePod(n: number): void {
    const { name } = this.pod(n)
    const count = this.allPods.filter((pod) => pod.name === name).length
    this.allPods.push(Pod.make(name, `container-${n}-${count + 1}`))
  }

  /** Makes a device, in place of one that is destroyed; the kernel may not be done with that yet. */
  async makeNic(plan: NicPlan): Promise<void> {
    const nic = { plan, name: plan.name, number: this.nextNumber(), isDestroyed: false }
    const lines = wordsToMake(plan, nic.number, this.testbed.cloud)
    await this.#retry(() => this.#batch(lines))
    if (plan.kind === 'veth') this.testbed.inCloud(`link set ${nic.name} up`)
    this.configure(nic)
    const index = this.nics.findIndex(({ name }) => name === nic.name)
    this.nics.splice(index < 0 ? this.nics.length : index, 1, nic)
  }

  /** A number that no device has yet. */
  nextNumber(): number {
    return this.#numbers++
  }

  /** Runs `ip` on the host. @returns whether it could be done */
  onHost(words: string[]): boolean {
    return runSync('ip', ['-n', this.testbed.host, ...words], { reject: false }).exitCode === 0
  }

  /** Brings a device home as an administrator does, from wherever it is. */
  bringHome(nic: Nic, { place, link }: Whereabouts): void {
    const { name, plan } = nic
    if (place === this.host && link.ifname === name) return
    const inPlace = (words: string[]) => runSync('nsenter', [`--net=${place.path}`, 'ip', ...words])
    inPlace(['link', 'set', link.ifname, 'down'])
    inPlace(['link', 'set', link.ifname, 'nomaster'])
    const whereTo = place === this.host ? [] : ['netns', this.testbed.host]
    inPlace(['link', 'set', link.ifname, 'name', name, ...whereTo])
    this.#batch([`link set ${name} alias ${plan.alias || '""'}`])
    if (link.address !== plan.mac) this.testbed.onHost(`link set ${name} address ${plan.mac}`)
    if (plan.up) this.testbed.onHost(`link set ${name} up`)
  }

  /** Gives a device at home what an administrator gives it, as far as it does not have it. */
  configure({ plan }: Nic): void {
    this.#batch(plan.lines, ['-force'])
  }

  #batch(lines: string[], options: string[] = []): void {
    const words = ['-n', this.testbed.host, ...options, '-batch', '-']
    const input = Buffer.from(lines.join('\n'), 'latin1')
    const { exitCode, stderr } = runSync('ip', words, { input, reject: false })
    if (exitCode !== 0 && options.length === 0) throw new Error(stderr)
  }

  async #retry(work: () => void): Promise<void> {
    for (let rest = 100; ; rest--) {
      try {
        return work()
      } catch (error) {
        if (rest === 0) throw error
        await sleep(50)
      }
    }
  }

  /** All places that are alive. */
  get #places(): Record<string, Place> {
    const pods = this.allPods.filter(({ isAlive }) => isAlive)
    return { host: this.host, elsewhere: this.elsewhere, ...byName(pods) }
  }

  async look(): Promise<Snapshots> {
    const pods = this.allPods.filter(({ isAlive }) => isAlive)
    const observers = { ...this.#observers, ...byName(pods) }
    const entries = Object.entries(observers).map(
      async ([name, observer]) => [name, await observer.look()] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  /** Where a device is, by what nobody can change. */
  find(nic: Nic, snapshots: Snapshots): Whereabouts | undefined {
    for (const [name, place] of Object.entries(this.#places)) {
      const state = snapshots[name]?.devices.find(({ link }) => link.num_tx_queues === nic.number)
      if (state) return { ...state, place }
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pod of this.allPods) await pod[Symbol.asyncDispose]()
    await this.#observers?.host[Symbol.asyncDispose]()
    await this.#observers?.elsewhere[Symbol.asyncDispose]()
    runSync('ip', ['netns', 'delete', this.elsewhere.name], { reject: false })
    this.testbed[Symbol.dispose]()
  }
}

function byName(pods: Pod[]): Record<string, Pod> {
  return Object.fromEntries(pods.map((pod) => [pod.containerId, pod]))
}

/** Of snapshots what belongs to no device that is ever lent; and without rules. */
export function withoutNics(snapshots: Snapshots): object {
  const entries = Object.entries(snapshots).map(([name, { devices, routes }]) => {
    const others = devices.filter(({ link }) => link.num_tx_queues < FIRST_NUMBER)
    return [name, { devices: others, routes }] as const
  })
  return Object.fromEntries(entries)
}
