import fc from 'fast-check'
import type { Ipam } from './assignment.js'
import { TWISTS } from './captures.js'
import { type NicPlan, nicPlan } from './nic.js'
import { DEADLY, MISTAKES } from './refusals.js'

/** Configuration keys that differ from call to call. */
export type Keys = Record<string, unknown>

/** What somebody in a pod does to a device that the pod has. */
export const CHANGES = [
  ...[
    'rename',
    'alias',
    'mac',
    'broadcast',
    'down',
    'dormant',
    'flush',
    'address',
    'route',
    'rule',
    'bridge',
  ],
  ...['move away', 'give back'],
] as const

/** What becomes of a sandbox: its path goes, all of it dies, its path leads to another one. */
export const FATES = ['unname', 'kill', 'give back and kill', 'replace'] as const

/**
 * A step of a life. Numbers choose among what there is when its turn comes; a step for which there
 * is nothing to choose from does nothing, so that a life can be shrunk.
 */
export type Step =
  | { do: 'ADD'; pod: number; nic: number; name: number; ipam: Ipam; keys: Keys }
  | { do: 'CHECK'; loan: number; keys: Keys }
  | { do: 'DEL'; loan: number; keys: Keys; withoutPath: boolean }
  | { do: 'DEL again'; keys: Keys }
  | { do: 'GC'; valid: number; isListed: boolean; keys: Keys }
  | { do: 'apply'; pod: number; nic: number; name: number; keys: Keys }
  | { do: 'end apply'; application: number; keys: Keys; withoutPath: boolean }
  | ({ do: 'capture, a move by another plugin, apply'; pod: number; nic: number } & Chain)
  | { do: 'ADD by mistake, and its DEL'; pod: number; nic: number; mistake: Mistake }
  | ({ do: 'ADD that is killed, and its DEL'; pod: number; nic: number; keys: Keys } & Moment)
  | { do: 'ADD of another container, and its DEL'; loan: number; keys: Keys }
  | { do: 'ADD of a second device in the chain'; loan: number; keys: Keys }
  | { do: 'ADD of no device, and its DEL'; pod: number }
  | { do: 'lose record'; loan: number }
  | { do: 'start the node again' }
  | { do: 'change'; loan: number; what: (typeof CHANGES)[number] }
  | { do: 'sandbox'; pod: number; fate: (typeof FATES)[number] }
  | { do: 'take name'; nic: number }
  | { do: 'free name'; nic: number }
  | { do: 'configure'; nic: number }
  | { do: 'make again'; nic: number }

type Mistake = (typeof MISTAKES)[number]
/** What comes between the ADD of a capture and the DEL that counts, and at which call one is killed. */
type Chain = { keys: Keys; twist: (typeof TWISTS)[number]; nth: number }
/** The nth system call of a kind. */
type Moment = { kind: (typeof DEADLY)[number]; nth: number }

/** A step of one kind. */
export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>

/** A life of two devices on a host. */
export interface LifePlan {
  nics: NicPlan[]
  steps: Step[]
}

const some = fc.nat({ max: 7 })
const one = fc.nat({ max: 1 })

const ipam = fc.constantFrom<Ipam>('none', 'none', 'none', 'static', 'host-local', 'refuses')

const keys: fc.Arbitrary<Keys> = fc.record(
  {
    restoreOnDelete: fc.constantFrom(true, true, true, false),
    dynamicAddresses: fc.constantFrom('drop', 'ipv4', 'all'),
    sysctls: fc.constantFrom([], ['net.ipv4.conf.rp_filter'], ['net.ipv6.conf.accept_ra']),
    neighbors: fc.constantFrom('none', 'permanent', 'all'),
    routes: fc.boolean(),
    rules: fc.boolean(),
    useInterfaceNetwork: fc.constantFrom(true, true, true, false),
  },
  { requiredKeys: ['restoreOnDelete'] },
)

const step = fc.oneof(
  when(6, 'ADD', { pod: one, nic: one, name: one, ipam, keys }),
  when(1, 'CHECK', { loan: some, keys }),
  when(3, 'DEL', { loan: some, keys, withoutPath: fc.boolean() }),
  when(1, 'DEL again', { keys }),
  when(1, 'GC', { valid: some, isListed: fc.constantFrom(true, true, true, false), keys }),
  when(2, 'apply', { pod: one, nic: one, name: one, keys }),
  when(1, 'end apply', { application: some, keys, withoutPath: fc.boolean() }),
  when(1, 'capture, a move by another plugin, apply', {
    ...{ pod: one, nic: one, keys },
    ...{ twist: fc.constantFrom(...TWISTS), nth: fc.integer({ min: 1, max: 12 }) },
  }),
  when(1, 'ADD by mistake, and its DEL', {
    ...{ pod: one, nic: one, mistake: fc.constantFrom(...MISTAKES) },
  }),
  when(1, 'ADD that is killed, and its DEL', {
    ...{
      pod: one,
      nic: one,
      keys,
      kind: fc.constantFrom(...DEADLY),
      nth: fc.integer({ min: 1, max: 12 }),
    },
  }),
  when(1, 'ADD of another container, and its DEL', { loan: some, keys }),
  when(1, 'ADD of a second device in the chain', { loan: some, keys }),
  when(1, 'ADD of no device, and its DEL', { pod: one }),
  when(1, 'lose record', { loan: some }),
  when(1, 'start the node again', {}),
  when(5, 'change', { loan: some, what: fc.constantFrom(...CHANGES) }),
  when(2, 'sandbox', { pod: one, fate: fc.constantFrom(...FATES) }),
  when(1, 'take name', { nic: one }),
  when(1, 'free name', { nic: one }),
  when(1, 'configure', { nic: one }),
  when(1, 'make again', { nic: one }),
)

/** A kind of step, and how often there is one beside the others. */
function when<D extends Step['do']>(
  weight: number,
  kind: D,
  parts: { [K in Exclude<keyof StepOf<D>, 'do'>]: fc.Arbitrary<StepOf<D>[K]> },
) {
  const arbitrary = fc.record({ do: fc.constant(kind), ...parts })
  return { weight, arbitrary: arbitrary as fc.Arbitrary<unknown> as fc.Arbitrary<Step> }
}

export const lifePlan: fc.Arbitrary<LifePlan> = fc.record({
  nics: fc.tuple(nicPlan(1), nicPlan(2)),
  steps: fc.array(step, { minLength: 2, maxLength: 12, size: 'max' }),
})
