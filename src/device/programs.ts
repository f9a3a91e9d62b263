import { bounded } from '../bounded.js'
import { Failure, leftDown } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { type Filter, filteringOn } from '../kernel/netlink/filters.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { detachProgram, type Program, programsOn } from '../kernel/programs.js'
import { warn } from '../log.js'
import type { LentDevice } from './lent-device-schema.js'

/** Programs on a device of the host that are none of this plugin's. */
export interface ForeignPrograms {
  /** They go with the device, and come home with it. */
  programs: Program[]
  /** The kernel removes them when the device leaves its namespace. */
  filters: Filter[]
  /** The kind of what holds the filters, also where there are none. */
  qdisc?: string
}

/** Lists the programs on a device of the host. */
export function foreignProgramsOn(host: NetworkNamespace, device: Link): ForeignPrograms {
  return { programs: programsOn(host, device), ...filteringOn(host.socket, device.index) }
}

/** A program or filter for an operator, who finds it with `bpftool net` or `tc filter`. */
export function describeForeign({ programs, filters }: ForeignPrograms): string[] {
  return [
    ...programs.map(describeProgram),
    ...filters.map(({ direction, kind, preference, name }) =>
      [`tc filter ${direction} pref ${preference} ${kind}`, name].filter(Boolean).join(' '),
    ),
  ]
}

function describeProgram(program: Program): string {
  const { place, id } = program
  const mode = program.place === 'xdp' && program.mode === 'generic' ? ' (generic)' : ''
  return `${place} program ${id}${mode}`
}

/**
 * Refuses a device with programs or filters of others.
 * @throws Failure `device-refused`
 */
export function requireNoPrograms(device: Link, foreign: ForeignPrograms): void {
  const found = describeForeign(foreign)
  if (found.length === 0) return
  throw new Failure(
    'device-refused',
    `cannot lend ${device.name}: it has ${listed(found)}`,
    'nothing was changed; "foreignPrograms" in the configuration says what becomes of them',
  )
}

/** Says in the log what becomes of programs and filters that the device had on the host. */
export function reportPrograms(
  device: Link,
  { programs, filters, qdisc }: ForeignPrograms,
  wish: 'keep' | 'detach' | 'refuse',
): void {
  const words = listed(programs.map(describeProgram))
  const { name } = device
  if (programs.length > 0 && wish === 'detach') warn(`${name} has lost ${words}, as configured`)
  else if (programs.length > 0) warn(`${words} of the host went along with ${name}`)
  if (qdisc === undefined) return
  const lost = listed([`qdisc ${qdisc}`, ...describeForeign({ programs: [], filters })])
  warn(`the kernel has removed from ${name}, which does not get it back: ${lost}`)
}

function listed(words: string[]): string {
  return bounded(words).join(', ')
}

/**
 * Detaches programs from a device in its sandbox.
 * @throws Failure `kernel-refused`
 */
export function detachPrograms(namespace: NetworkNamespace, link: Link, programs: Program[]): void {
  for (const program of programs) {
    try {
      detachProgram(namespace, link, program)
    } catch (error) {
      throw new Failure(
        'kernel-refused',
        `cannot detach ${describeProgram(program)} from ${link.name} in ${namespace.name}: ${(error as Error).message}`,
      )
    }
  }
}

/**
 * The programs that a device had on the host, and that somebody has detached since then, in words.
 * They cannot be put back: nobody holds a program that is attached nowhere.
 */
export function missingPrograms(
  namespace: NetworkNamespace,
  { programs: known = [], losesPrograms }: LentDevice,
  link: Link,
): string[] {
  if (known.length === 0 || losesPrograms) return []
  return missingAmong(programsOn(namespace, link), known)
}

function missingAmong(there: Program[], known: number[]): string[] {
  const ids = new Set(there.map(({ id }) => id))
  return known.filter((id) => !ids.has(id)).map((id) => `program ${id}`)
}

/**
 * Detaches from a device that is home and down what came along from its pod: all but what it had
 * when it was lent. Warns of what it had, and has no more.
 * @throws Failure `return-failed`; the device is on the host, down
 */
export function removeProgramsOfPod(
  host: NetworkNamespace,
  { programs: known, losesPrograms }: LentDevice,
  home: Link,
): void {
  const there = programsOn(host, home)
  const missing = losesPrograms ? [] : missingAmong(there, known ?? [])
  if (missing.length > 0)
    warn(
      `${home.name} is home without ${listed(missing)} of the host, which its pod may have detached`,
    )
  if (there.length === 0) return
  // Without a record, or with one of an earlier version, nobody can tell whose they are.
  if (!known) {
    warn(`${home.name} is home with ${listed(there.map(describeProgram))}, which may be its pod's`)
    return
  }
  const isOfPod = ({ id }: Program) => !known.includes(id)
  for (const program of there.filter(isOfPod)) {
    try {
      detachProgram(host, home, program)
    } catch (error) {
      throw unclean(home, program, (error as Error).message)
    }
  }
  const [left] = programsOn(host, findLink(host.socket, { index: home.index }) ?? home).filter(
    isOfPod,
  )
  if (left) throw unclean(home, left, 'it was detached, and is there')
}

function unclean({ name }: Link, program: Program, reason: string): Failure {
  return leftDown(
    name,
    `cannot detach ${describeProgram(program)} from ${name}, which its pod has attached: ${reason}`,
  )
}
