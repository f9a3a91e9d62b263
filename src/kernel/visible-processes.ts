import { hasCapability } from './capabilities.js'
import { linkAt } from './namespace-path.js'
import { numbersIn } from './proc.js'

/** The link of the node's own PID namespace, whose inode number never changes. */
const NODE = 'pid:[4026531836]'

const CAP_SYS_PTRACE = 19n

/** Whether a process is in no PID namespace below the node's, or undefined. */
export function isOfNode(process: string): boolean {
  return linkAt(`${process}/ns/pid`) === NODE
}

/** Why this process does not see what every process of the node has open; undefined if it does. */
export function whyNotAllVisible(): string | undefined {
  if (!hasCapability(CAP_SYS_PTRACE))
    return 'this process is without CAP_SYS_PTRACE, and may not look at every other one'
  // One of a PID namespace above that of this /proc would not show.
  for (const number of numbersIn('/proc')) if (isOfNode(`/proc/${number}`)) return undefined
  return "/proc has only the processes of a PID namespace below the node's"
}
