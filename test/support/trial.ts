import { rmSync } from 'node:fs'
import { execa } from 'execa'
import { expect } from 'vitest'
import { batch } from './batch.js'
import { takeSnapshot } from './observer.js'
import { type CallOptions, type Outcome, startPlugin } from './plugin.js'
import { type Point, pointsOf } from './points.js'
import { expectSame } from './same.js'
import type { Snapshot } from './snapshot.js'
import { Testbed } from './testbed.js'

/** Calls to disturb, and whether the device is lent before. */
export const COMMANDS = [
  { command: 'ADD', isLentBefore: false },
  { command: 'CHECK', isLentBefore: true },
  { command: 'DEL', isLentBefore: true },
  { command: 'GC', isLentBefore: true },
] as const
type Disturbed = (typeof COMMANDS)[number]

/** How a call ended; `crashed` by a signal. */
export type Ending = 'done' | 'refused' | 'crashed'

type Ended = Outcome & { ending: Ending }

const RESTORE = { restoreOnDelete: true }

const RP_FILTER = 'net.ipv4.conf.eth1.rp_filter'

const STATE = [
  'address add 198.51.100.5/24 dev eth1',
  'address add 2001:db8::5/64 dev eth1',
  'route add 203.0.113.0/24 via 198.51.100.1 table 100 proto static',
  'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
  'rule add from 198.51.100.5 lookup 100 priority 50',
]

/** Calls that are disturbed, and what has to be so after each. Dispose it. */
export class Trial implements Disposable {
  readonly testbed = new Testbed()
  #before: Snapshot | undefined
  #isLent = false
  #result: unknown
  #inPod: Snapshot | undefined

  private constructor(readonly path: string) {}

  static async of(path: string): Promise<Trial> {
    const trial = new Trial(path)
    const { testbed } = trial
    batch(testbed.host, ...STATE)
    testbed.run(testbed.host, `sysctl -q -w ${RP_FILTER}=2`)
    trial.#before = await snapshotOf(testbed.host)
    return trial
  }

  /** The system calls of a call that nothing disturbs. */
  async pointsOf(disturbed: Disturbed): Promise<{ points: Point[]; summary: string }> {
    await this.#prepare(disturbed)
    const found = pointsOf(this.testbed, this.path, disturbed.command, this.#options(disturbed))
    if (disturbed.command === 'ADD') this.#inPod = await snapshotOf(this.testbed.pod)
    this.#isLent = disturbed.command === 'ADD' || disturbed.command === 'CHECK'
    await this.bringHome('a call that was not disturbed')
    return found
  }

  /**
   * Makes a call, disturbed by what `wrapper` puts before it. Success means done, and one later DEL,
   * which nothing disturbs, brings everything home.
   * @throws Error about what is not as it has to be
   */
  async run(disturbed: Disturbed, wrapper: string[], when: string): Promise<Ended> {
    await this.#prepare(disturbed)
    const { command } = disturbed
    const outcome = await this.#call(command, { ...this.#options(disturbed), wrapper })
    const ending = endingOf(outcome, when)
    const said = `${when}: ${`${outcome.stdout}${outcome.stderr}`.replaceAll(/\s+/g, ' ')}`
    if (command === 'CHECK' || (command === 'ADD' && ending === 'done'))
      expectSame(await snapshotOf(this.testbed.pod), this.#inPod, said)
    const isHome =
      command === 'ADD' ? ending === 'refused' : command !== 'CHECK' && ending === 'done'
    this.#isLent = !isHome
    // DEL may succeed without what the kernel did not let it restore, if it says so.
    if (isHome && outcome.stderr.includes(' is home without ')) await this.#restore()
    if (isHome) await this.#expectHome(said)
    else if (command !== 'CHECK') await this.bringHome(said)
    return Object.assign(outcome, { ending })
  }

  /** Makes the device lent, or not, and no call has been made before ADD: it has directories to make. */
  async #prepare({ command, isLentBefore }: Disturbed): Promise<void> {
    if (this.#isLent && isLentBefore) return
    if (this.#isLent) await this.bringHome('a call before')
    for (const directory of ['attachments', 'locks'])
      rmSync(`${this.testbed.stateDirectory}/${directory}`, { recursive: true, force: true })
    if (!isLentBefore) return
    const { exitCode, stdout, document } = await this.#call('ADD')
    expect(exitCode, stdout).toBe(0)
    this.#isLent = true
    this.#result = document
    if (command === 'CHECK') this.#inPod = await snapshotOf(this.testbed.pod)
  }

  /** One DEL, which nothing disturbs. */
  async bringHome(when: string): Promise<void> {
    const { exitCode, stdout } = await this.#call('DEL', { configuration: RESTORE })
    expect(exitCode, `DEL after ${when}: ${stdout}`).toBe(0)
    this.#isLent = false
    await this.#expectHome(`DEL after ${when}`)
  }

  #call(command: string, options: CallOptions = {}): Promise<Outcome> {
    return startPlugin(this.testbed, this.path, command, options)
  }

  #options({ command }: Disturbed): CallOptions {
    const keys = {
      ADD: {},
      CHECK: { prevResult: this.#result },
      DEL: RESTORE,
      GC: { ...RESTORE, 'cni.dev/valid-attachments': [] },
    }
    return { configuration: keys[command] }
  }

  /** Gives the device again what it had on the host. */
  async #restore(): Promise<void> {
    const { host } = this.testbed
    const input = STATE.join('\n')
    await execa('ip', ['-n', host, '-force', '-batch', '-'], { input, reject: false })
    await execa('ip', ['netns', 'exec', host, 'sysctl', '-q', '-w', `${RP_FILTER}=2`])
  }

  async #expectHome(when: string): Promise<void> {
    const { testbed } = this
    expectSame(testbed.filesIn('attachments'), [], when)
    expectSame(await snapshotOf(testbed.host), this.#before, when)
    const words = ['netns', 'exec', testbed.host, 'sysctl', '-n', RP_FILTER]
    expectSame((await execa('ip', words)).stdout, '2', when)
    const { devices, rules } = await snapshotOf(testbed.pod)
    expectSame(
      devices.map(({ link }) => link.ifname),
      ['lo'],
      when,
    )
    expectSame(rules, [], when)
  }

  [Symbol.dispose](): void {
    this.testbed[Symbol.dispose]()
  }
}

const snapshotOf = (namespace: string) => takeSnapshot({ path: `/run/netns/${namespace}` })

/** How a call ended, which has said so in one document or not at all. */
export function endingOf({ exitCode, stdout, document }: Outcome, when: string): Ending {
  if (exitCode === 0) return 'done'
  if (exitCode !== 1) return 'crashed'
  // Nothing can be said where it is stdout that fails.
  const answer = stdout === '' ? { code: 0 } : document
  expect(answer, when).toMatchObject({ code: expect.any(Number) })
  return 'refused'
}
