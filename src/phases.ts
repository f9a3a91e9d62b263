import { isLogged, note } from './log.js'

/** What a call spends its time with. */
export type Phase =
  /** Starting the program, reading the call. */
  | 'start'
  /** Looking at namespaces, devices and records. */
  | 'look'
  | 'locks'
  | 'capture'
  | 'record'
  | 'move'
  | 'apply'
  | 'ipam'
  | 'restore'
  | 'undo'
  | 'report'

/** In milliseconds. */
const spent: Partial<Record<Phase, number>> = {}

/**
 * In these a call changes something that it may have to undo. A record is no such change: it says
 * what is to be undone.
 */
const CHANGING: Phase[] = ['move', 'apply', 'ipam', 'restore']

/** How far the call has come: undoing it is no step further. */
let furthest: Phase = 'start'
let hasChanged = false
let isUndoing = false

let current: Phase = 'start'

/** When the current phase began, in milliseconds since the process did. */
let since = 0

/**
 * From now on, time counts as this phase's. Costs nothing more unless the log wants to know.
 * @param phase all that comes after `undo` undoes the call
 */
export function enterPhase(phase: Phase): void {
  if (phase === 'undo') isUndoing = true
  if (!isUndoing) furthest = phase
  if (CHANGING.includes(phase)) hasChanged = true
  if (!isLogged('info')) return
  const now = process.uptime() * 1000
  spent[current] = (spent[current] ?? 0) + now - since
  current = phase
  since = now
}

/** The phase in which a call failed, and whether it may have changed something by then. */
export function reached(): { phase: Phase; hasChanged: boolean } {
  return { phase: furthest, hasChanged }
}

/** Logs where the time of a call went. */
export function notePhases(command: string): void {
  enterPhase('report')
  note('info', `${command} is over`, () => {
    const total = Object.values(spent).reduce((sum, time) => sum + time, 0)
    const times = Object.entries({ total, ...spent }).map(([phase, time]) => [phase, tenths(time)])
    return { milliseconds: Object.fromEntries(times) }
  })
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
