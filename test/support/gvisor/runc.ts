import { execa } from 'execa'
import { settle } from '../settled.js'
import type { Testbed } from '../testbed.js'
import { type Hooks, makeBundle } from './bundle.js'

let count = 0

/** Runs a shell command to its end in a container of Debian's runc in the pod of a testbed. */
export async function runInRunc(
  testbed: Testbed,
  command: string,
  hooks: Hooks = {},
): Promise<string> {
  const id = `${testbed.pod}-runc-${++count}`
  const directory = `${testbed.stateDirectory}/${id}`
  makeBundle(directory, testbed.sandboxPath, command, hooks)
  const words = ['--root', `${directory}/root`, 'run', '--bundle', directory, id]
  const { stdout } = await execa('runc', words, { stdin: 'ignore', timeout: 60_000 })
  return stdout
}

/** All that is configured in a pod, but for what its kernel learns by itself, once that is done. */
export function configurationOf(testbed: Testbed): string {
  settle(testbed.pod)
  const parts = [
    ...['link', 'address', 'neighbour show nud permanent', '-4 rule', '-6 rule'],
    ...['-4 route show table all', '-6 route show table all'],
  ]
  return parts.map((part) => testbed.inPod(part)).join('\n')
}
