import * as host from 'host:child'
import type { ChildOutcome } from '../ipam/child-process.js'

/** In place of ipam/child-process.ts: the host runs the program, and waits for it. */
export async function runChild(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
  limitBytes: number,
): Promise<ChildOutcome> {
  return host.runChild(path, variables, input, deadlineMilliseconds, limitBytes)
}
