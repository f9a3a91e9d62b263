import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import {
  isSettled,
  type Json,
  NEIGHBOR_QUESTIONS,
  type Place,
  type Snapshot,
  snapshotOf,
} from './snapshot.js'

const MOST_MILLISECONDS = 10_000

const QUESTIONS = ['address show', 'route show table all', ...NEIGHBOR_QUESTIONS, 'rule show']

/**
 * Looks into a namespace again and again, by an `ip` that stays there: to start one takes longer than
 * all that it does. It keeps the namespace alive until it is disposed.
 */
export class Observer implements AsyncDisposable {
  #all: StandingIp
  readonly #ipv6: StandingIp
  /** By which names `ip` calls devices: it asks for each only once. */
  readonly #names = new Map<unknown, unknown>()

  constructor(private readonly place: Place) {
    this.#all = new StandingIp(place, [])
    this.#ipv6 = new StandingIp(place, ['-6'])
  }

  /** Reads what there is in the namespace, once the kernel is done with what it does by itself. */
  async look(): Promise<Snapshot> {
    for (const end = Date.now() + MOST_MILLISECONDS; ; ) {
      const [answers, [ipv6Rules = []]] = await Promise.all([
        this.#all.ask(QUESTIONS),
        this.#ipv6.ask(['rule show']),
      ])
      const [links = [], routes = [], learned = [], proxies = [], ipv4Rules = []] = answers
      if (this.#isRenamed(links)) {
        await this.#beginAgain()
        continue
      }
      if (links.every((link) => isSettled(link, routes)) || Date.now() > end)
        return snapshotOf(links, routes, { learned, proxies }, [...ipv4Rules, ...ipv6Rules])
      await sleep(20)
    }
  }

  #isRenamed(links: Json[]): boolean {
    const isOther = ({ ifindex, ifname }: Json) => (this.#names.get(ifindex) ?? ifname) !== ifname
    if (links.some(isOther)) return true
    for (const { ifindex, ifname } of links) this.#names.set(ifindex, ifname)
    return false
  }

  async #beginAgain(): Promise<void> {
    const old = this.#all
    this.#all = new StandingIp(this.place, [])
    this.#names.clear()
    await old[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#all[Symbol.asyncDispose](), this.#ipv6[Symbol.asyncDispose]()])
  }
}

/** Takes one snapshot. */
export async function takeSnapshot(place: Place): Promise<Snapshot> {
  await using observer = new Observer(place)
  return await observer.look()
}

/** An `ip` that reads one question after the other, and answers each with one line. */
class StandingIp implements AsyncDisposable {
  readonly #process
  readonly #lines

  constructor({ path }: Place, words: string[]) {
    // Else it would keep the answers until it ends.
    const all = [`--net=${path}`, 'stdbuf', '-oL', 'ip', ...words]
    const options = { reject: false, buffer: false, encoding: 'latin1' } as const
    this.#process = execa('nsenter', [...all, '-details', '-json', '-batch', '-'], options)
    // Aliases and labels are any bytes.
    this.#process.stdout.setEncoding('latin1')
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  /** @returns for each question what there is */
  async ask(questions: string[]): Promise<Json[][]> {
    this.#process.stdin.write(`${questions.join('\n')}\n`)
    const answers: Json[][] = []
    for (const question of questions) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`ip has ended, and was asked: ${question}`)
      answers.push(JSON.parse(value || '[]'))
    }
    return answers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end()
    await this.#process
  }
}
