import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { MANY_HUGE_PAGES, withMemory } from './kernel-memory.js'
import { type CallOptions, callPlugin, type Outcome } from './plugin.js'
import { traceCalls } from './strace.js'
import type { Testbed } from './testbed.js'

/** What a call costs: numbers that do not depend on what else the machine does. */
export type Cost = Record<string, number>

/** An executable like the one that is shipped, which notes the modules that it reads. */
const WATCHED = 'build/host-device-l3-watched'
const BUILT_IN = 'build/executable/build-host-device-l3-watched'

/**
 * Without those for memory: their number depends on where the kernel puts the heap. Waiting for
 * another thread takes one or none.
 */
const SYSTEM_CALLS = '!%memory,futex'

/**
 * Calls an artefact where there are huge pages, and counts its system calls and the netlink messages
 * that it sends.
 */
export function traceCost(
  testbed: Testbed,
  path: string,
  command: string,
  options: CallOptions,
): { outcome: Outcome; cost: Cost } {
  const wrapper = withMemory('-1', MANY_HUGE_PAGES)
  const { calls, ...outcome } = traceCalls(testbed, path, command, SYSTEM_CALLS, {
    ...options,
    wrapper,
  })
  const sent = calls.filter((call) => call.includes(' sendto(')).join('\n')
  const messages = [...sent.matchAll(/\bnlmsg_len=/g)].length
  return { outcome, cost: { 'system calls': calls.length, 'netlink messages': messages } }
}

/** Calls the watched executable: the bytecode that it reads, and the source files of that. */
export function loadCost(
  testbed: Testbed,
  command: string,
  options: CallOptions,
): { outcome: Outcome; cost: Cost; sources: string[] } {
  const report = `${testbed.stateDirectory}/modules-read`
  const outcome = callPlugin(testbed, WATCHED, command, {
    ...options,
    variables: { MODULES_READ: report },
  })
  const lines = existsSync(report) ? readFileSync(report, 'utf8').trimEnd().split('\n') : []
  const modules = lines.map((line) => line.split(' '))
  rmSync(report, { force: true })
  return {
    outcome,
    cost: {
      'modules read': modules.length,
      'bytes of bytecode': modules.reduce((sum, [bytes]) => sum + Number(bytes), 0),
    },
    sources: modules.flatMap(([, name = '']) => sourcesOf(name)),
  }
}

/** What the executable begins with: the bytes of its snapshot, and the source files in it. */
export function snapshotCost(): { cost: Cost; sources: string[] } {
  const names: string[] = JSON.parse(readFileSync(`${BUILT_IN}/loaded.json`, 'utf8'))
  return {
    cost: { 'bytes of the snapshot': statSync(`${BUILT_IN}/snapshot`).size },
    sources: names.flatMap(sourcesOf),
  }
}

/** The source files of a module of the executable. */
function sourcesOf(name: string): string[] {
  const sources = JSON.parse(readFileSync(`${BUILT_IN}/modules.json`, 'utf8'))
  return (sources as Record<string, string[]>)[name] ?? []
}
