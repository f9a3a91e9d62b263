import { isDeepStrictEqual } from 'node:util'
import type { DeviceState, Rule } from '../snapshot.js'
import type { Pod } from './pod.js'
import type { Keys } from './steps.js'
import type { Nic } from './world.js'

/** A device that is lent, for all that the test knows. */
export interface Loan {
  nic: Nic
  pod: Pod
  /** CNI_IFNAME. */
  interfaceName: string
  result: unknown
  /** The keys that are in all its calls, for IPAM. */
  keys: Keys
  /** The device as it was on the host. */
  before: DeviceState
  /** The rules that came into the pod with it. */
  rules: Rule[]
  /** Whether CHECK must pass, must not, or may. */
  isAsLeft: 'yes' | 'no' | 'perhaps'
  isRecordLost: boolean
  /** ADD found it on the host, brought back by its pod, and put it in order first. */
  wasStray: boolean
}

/** The name of a loan's record, without its extension. */
export function recordName({ pod, interfaceName }: Pick<Loan, 'pod' | 'interfaceName'>): string {
  return `${pod.containerId}:${interfaceName}`
}

/** What some rules have that others do not. */
export function rulesBeyond(rules: Rule[], others: Rule[]): Rule[] {
  return rules.filter((rule) => !others.some((other) => isDeepStrictEqual(rule, other)))
}
