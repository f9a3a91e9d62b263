import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { STOCK_DIRECTORY } from '../other-plugins.js'
import { type CallOptions, type Outcome, startPlugin } from '../plugin.js'
import { expectSame } from '../same.js'
import type { Rule } from '../snapshot.js'
import type { Application } from './applications.js'
import { type Loan, rulesBeyond } from './loan.js'
import type { Pod } from './pod.js'
import type { Keys } from './steps.js'
import { type Nic, type Snapshots, type World, withoutNics } from './world.js'

/** An attachment of a runtime, and the device in its configuration. */
export interface Attachment {
  pod: Pod
  interfaceName: string
  device: string
}

/** What a call has besides an attachment. */
export interface CallDetails extends Pick<CallOptions, 'wrapper'> {
  keys?: Keys
  containerId?: string
  netns?: string
}

/** What is known of a life while it is lived. */
export class Life {
  loans: Loan[] = []
  applications: Application[] = []
  /** Whether a call was killed. */
  wasKilled = false
  /** The attachments of the last DEL. */
  deleted: Attachment | undefined
  /** The names that something else has taken on the host. */
  readonly takenNames = new Set<string>()
  /** The rules that are a pod's own. */
  readonly ownRules = new Map<Pod, Rule[]>()
  /** Those of which nobody knows whose they are, as a record was lost. */
  readonly strayRules = new Map<Pod, Rule[]>()
  /** What happened, for a person to read. */
  readonly history: string[] = []
  /** What there was when it was looked at last. */
  now: Snapshots = {}
  #hostRules: Rule[] = []

  private constructor(
    readonly world: World,
    /** Of the artefact. */
    readonly path: string,
  ) {}

  static async begin(world: World, path: string): Promise<Life> {
    const life = new Life(world, path)
    const { host } = await life.look()
    life.#hostRules = host?.rules ?? []
    for (const pod of world.allPods) life.own(pod)
    return life
  }

  /** Looks at what there is now. */
  async look(): Promise<Snapshots> {
    this.now = await this.world.look()
    return this.now
  }

  /** From now on the rules that a pod has are its own. */
  own(pod: Pod): void {
    this.ownRules.set(pod, this.now[pod.containerId]?.rules ?? [])
  }

  /** The rules that the host has for a device, as they are in a pod. */
  rulesOfHost(nic: Nic, interfaceName: string): Rule[] {
    const renamed = (name: unknown) => (name === nic.name ? { to: interfaceName } : { to: name })
    return this.#hostRules.map((rule) => ({
      ...rule,
      ...('iif' in rule ? { iif: renamed(rule.iif).to } : {}),
      ...('oif' in rule ? { oif: renamed(rule.oif).to } : {}),
    }))
  }

  /** Calls the plugin for an attachment. */
  async call(command: string, attachment: Attachment, details: CallDetails = {}): Promise<Outcome> {
    const { pod, interfaceName, device } = attachment
    const { containerId = pod.containerId, netns = pod.sandboxPath, keys = {}, wrapper } = details
    const outcome = await startPlugin(this.world.testbed, this.path, command, {
      configuration: { device, ...keys },
      variables: {
        CNI_CONTAINERID: containerId,
        CNI_NETNS: netns,
        CNI_IFNAME: interfaceName,
        CNI_PATH: STOCK_DIRECTORY,
      },
      ...(wrapper ? { wrapper } : {}),
    })
    const { exitCode, stdout, stderr } = outcome
    const said = exitCode === 0 ? '' : stdout.replaceAll(/\s+/g, ' ')
    this.history.push(
      `  ${command} ${containerId} ${interfaceName} ${device}: ${exitCode} ${said} ${stderr}`.trimEnd(),
    )
    return outcome
  }

  /** The records, by name without extension, with the host name of the device that they lend. */
  records(): Map<string, string | undefined> {
    const { testbed } = this.world
    const files = testbed.filesIn('attachments').filter((file) => file.endsWith('.json'))
    return new Map(
      files.map((file) => {
        const text = readFileSync(`${testbed.stateDirectory}/attachments/${file}`, 'utf8')
        const { device, mode } = JSON.parse(text)
        const nic = mode === 'move' ? device.onHost.name : undefined
        return [file.slice(0, -'.json'.length), nic]
      }),
    )
  }

  /** What nothing that the plugin does may change. */
  expectOthersUnchanged(before: Snapshots, when: string): void {
    const after = this.now
    expectSame(
      withoutNics(after),
      withoutNics(before),
      `${when}: what is not the plugin's to touch`,
    )
    expectSame(after.host?.rules, this.#hostRules, `${when}: the rules of the host`)
    for (const [pod, own] of this.ownRules) {
      if (!pod.isAlive) continue
      const missing = rulesBeyond(own, after[pod.containerId]?.rules ?? [])
      expectSame(missing, [], `${when}: rules of ${pod.containerId}'s own that are missing`)
    }
  }

  /** A device is at home, or somebody knows that it is to come home. */
  expectNothingLost(when: string): void {
    const recorded = [...this.records().values()]
    const forgotten = this.loans.filter(({ isRecordLost }) => isRecordLost).map(({ nic }) => nic)
    for (const nic of this.world.nics) {
      if (nic.isDestroyed) continue
      const where = this.world.find(nic, this.now)
      expect(where, `${when}: ${nic.name} is nowhere`).toBeDefined()
      const isHome = where?.place === this.world.host && where.link.ifname === nic.name
      const isKnown = isHome || recorded.includes(nic.name) || forgotten.includes(nic)
      expect(isKnown, `${when}: ${nic.name} is away, and no record says so`).toBe(true)
    }
  }
}
